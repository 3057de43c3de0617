"""Segments: how many a track gives, where they lie, and what becomes of one that is too short."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from components.config.params import SegmentsParams
from components.core.errors import AudioError
from components.corpus import segmentation


def test_segments_lie_end_to_end_and_a_rest_is_left_out() -> None:
    y = np.arange(25, dtype=np.float32)
    assert (
        segmentation.segment_count(25, 10, segments=SegmentsParams(seconds=1.0, per_track=10, shortest=0.5))
        == 2
    )
    np.testing.assert_array_equal(
        segmentation.segments(y, 10, seconds=1.0, count=2), np.arange(20, dtype=np.float32).reshape(2, 10)
    )


def test_no_more_segments_than_asked_for() -> None:
    assert (
        segmentation.segment_count(
            10_000, 10, segments=SegmentsParams(seconds=1.0, per_track=3, shortest=0.5)
        )
        == 3
    )


@pytest.mark.parametrize(("samples", "count"), [(4, 0), (5, 1), (9, 1), (10, 1), (20, 2)])
def test_a_part_of_a_segment_is_one_segment_from_the_shortest_on(samples: int, count: int) -> None:
    segments = SegmentsParams(seconds=1.0, per_track=3, shortest=0.5)
    assert segmentation.segment_count(samples, 10, segments=segments) == count
    y = np.arange(samples, dtype=np.float32)
    if count:
        filled = segmentation.filled(y, 10, segments=segments)
        np.testing.assert_array_equal(filled, y[np.arange(max(samples, 10)) % samples])
    else:
        with pytest.raises(AudioError, match=r"0\.40 s long; valid: 0\.5 s or more"):
            segmentation.filled(y, 10, segments=segments)


def test_a_sample_that_resampling_lost_is_silence() -> None:
    pieces = segmentation.segments(np.ones(19, dtype=np.float32), 10, seconds=1.0, count=2)
    assert pieces.shape == (2, 10)
    assert pieces[1, -1] == 0


def test_a_track_shorter_than_a_segment_is_named() -> None:
    with pytest.raises(AudioError, match=r"0\.50 s long, shorter than one segment of 1 s"):
        segmentation.segments(np.ones(5, dtype=np.float32), 10, seconds=1.0, count=0)


def test_a_count_that_the_track_does_not_hold_is_refused() -> None:
    with pytest.raises(AudioError, match="do not hold 3 segments"):
        segmentation.segments(np.ones(100, dtype=np.float32), 100, seconds=1.0, count=3)


@pytest.mark.parametrize("place", ["start", "spread", "random"])
def test_a_track_that_holds_no_more_segments_gives_all_of_them_wherever_they_lie(place: str) -> None:
    segments = SegmentsParams(seconds=1.0, per_track=3, shortest=0.5, place=place)
    for length, expected in ((7, [0]), (35, [0, 1, 2])):
        assert (
            segmentation.places(np.ones(length, dtype=np.float32), 10, segments=segments).tolist() == expected
        )


def test_songs_that_begin_alike_are_told_apart_by_spread_segments_alone() -> None:
    generator = np.random.default_rng(0)
    intro = generator.normal(size=300)
    songs = [np.concatenate([intro, generator.normal(size=900)]).astype(np.float32) for _ in range(20)]

    def alike(place: str) -> int:
        segments = SegmentsParams(seconds=3.0, per_track=10, shortest=1.0, place=place)
        used = [segmentation.used(y, 10, segments=segments).reshape(10, -1) for y in songs]
        return sum((first == other).all(axis=1).sum() for first, other in itertools.pairwise(used))

    # Of ten segments of 3 s in two minutes, the first 30 s hold all ten from the start, and two and a half if spread.
    assert (alike("start"), alike("spread")) == (19 * 10, 19 * 2)


def test_segments_of_a_longer_track_lie_where_params_say() -> None:
    y = np.random.default_rng(0).normal(size=205).astype(np.float32)

    def at(place: str, seed: int = 0) -> list[int]:
        segments = SegmentsParams(seconds=1.0, per_track=4, shortest=0.5, place=place, seed=seed)
        numbers = segmentation.places(y, 10, segments=segments)
        np.testing.assert_array_equal(
            segmentation.used(y, 10, segments=segments),
            np.concatenate([y[10 * n : 10 * n + 10] for n in numbers]),
        )
        return numbers.tolist()

    assert (at("start"), at("spread")) == ([0, 1, 2, 3], [2, 7, 12, 17])
    drawn = at("random")
    assert drawn == at("random") == sorted(set(drawn)) and len(drawn) == 4
    assert drawn != at("random", seed=1)
