"""What an ingredient gives is told on the same splits: of fits that only one side has, nothing is made."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from components.study import results
from components.study.results import Outcome
from tests.unit.study.test_findings import outcome


def folds(name: str, *accuracies: float) -> Outcome:
    """An experiment under ``segment``, a fold an accuracy."""
    fits, predictions = [], []
    made = outcome(name)
    (first,) = [fit for fit in made.fits if fit["protocol"] == "segment"]
    for fold, accuracy in enumerate(accuracies):
        fits.append(first | {"fold": fold, "metrics": first["metrics"] | {"test.segment_accuracy": accuracy}})
        table = made.predictions[made.predictions["protocol"] == "segment"]
        predictions.append(table.assign(fold=fold))
    return replace(made, fits=fits, predictions=pd.concat(predictions, ignore_index=True))


def test_a_gain_is_of_the_folds_that_both_were_asked() -> None:
    whole, part = folds("mlp_best", 0.8, 0.6, 0.1, 0.1, 0.1), folds("mlp_best_no_log", 0.7, 0.6)
    assert results.gains(part, whole=whole) == pytest.approx({"segment": 0.05})


def test_without_a_fold_in_common_nothing_is_said() -> None:
    whole, part = folds("mlp_best", 0.8), folds("mlp_best_no_log", 0.7)
    part.fits[0]["fold"] = 3
    part.predictions["fold"] = 3
    assert results.gains(part, whole=whole) == {}


def test_a_failed_fit_counts_on_neither_side() -> None:
    whole, part = folds("mlp_best", 0.8, 0.6), folds("mlp_best_no_log", 0.7, 0.6)
    part.fits[1] = {"protocol": "segment", "fold": 1, "seed": 0, "failed": "the loss became nan"}
    assert results.gains(part, whole=whole) == pytest.approx({"segment": 0.1})
