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


def test_songs_of_one_artist_are_drawn_together() -> None:
    correct, total = np.repeat([1.0, 0.0, 1.0, 1.0, 0.0], 20), np.ones(100)
    low, high = intervals.accuracy(correct, total, seed=0)
    artist_low, artist_high = intervals.accuracy(
        correct, total, seed=0, clusters=np.repeat(list("abcde"), 20).tolist()
    )
    assert artist_high - artist_low > 2 * (high - low)
    whole = intervals.accuracy(np.ones(100), total, seed=0, clusters=["one"] * 100)
    assert whole[0] < 0.05  # one artist, however many songs, shows little
