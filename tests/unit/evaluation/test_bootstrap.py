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


@pytest.mark.parametrize("clusters", [1, 3, 700])
def test_draws_are_those_of_one_call_however_many_are_held_at_a_time(
    clusters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = np.random.default_rng(5).multinomial(clusters, np.full(clusters, 1 / clusters), size=50)
    correct = np.arange(clusters) % 2.0
    correct[0] = 0.5
    for most in (1, 1500, intervals.AT_ONCE):
        monkeypatch.setattr(intervals, "AT_ONCE", most)
        intervals.replicate_counts.cache_clear()
        np.testing.assert_array_equal(intervals.replicate_counts(clusters, seed=5, replicates=50), expected)
        ends = intervals.accuracy(correct, np.ones(clusters), seed=5, replicates=50)
        assert ends == intervals.percentile((expected @ correct) / expected.sum(axis=1))
