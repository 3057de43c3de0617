"""Accuracy with each genre counting alike, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from components.training.balanced_accuracy import BalancedAccuracy


@pytest.mark.parametrize("weighted", [False, True])
def test_it_agrees_with_scikit_learn_over_batches(weighted: bool) -> None:
    generator = np.random.default_rng(0)
    actual, values = generator.integers(0, 3, 60), generator.random((60, 4)).astype(np.float32)
    weights = generator.random(60).astype(np.float32) if weighted else None
    metric = BalancedAccuracy(4)
    for rows in np.split(np.arange(60), 4):
        metric.update_state(np.eye(4)[actual[rows]], values[rows], weights[rows] if weighted else None)
    # Of the fourth genre there is no row.
    expected = balanced_accuracy_score(
        actual, np.where((named := values.argmax(axis=1)) < 3, named, 3), sample_weight=weights
    )
    assert float(metric.result()) == pytest.approx(expected)
    metric.reset_state()
    assert float(metric.result()) == 0.0
