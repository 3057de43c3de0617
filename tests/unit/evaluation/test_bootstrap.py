"""Intervals by resampling songs."""

from __future__ import annotations

import numpy as np
import pytest

from components.evaluation import bootstrap as intervals


def test_the_interval_agrees_with_scipys_bootstrap():
    from scipy.stats import bootstrap

    hits = (np.random.default_rng(7).random(80) < 0.7).astype(float)
    low, high = intervals.accuracy(hits, np.ones_like(hits), seed=1)
    reference = bootstrap((hits,), np.mean, method="percentile", rng=2).confidence_interval
    assert (low, high) == pytest.approx((reference.low, reference.high), abs=0.015)
