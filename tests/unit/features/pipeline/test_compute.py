"""One track's waveform to any feature: the stretches of a long song."""

from __future__ import annotations

import itertools

import pytest

from components.config.params import SegmentsParams
from components.features.pipeline.compute import windows


@pytest.mark.parametrize(
    ("seconds", "whole", "expected"),
    [
        (1, False, [1]),
        (30.01, False, [30.01]),
        (34, False, [30, 4]),
        (32, False, [32]),
        (34, True, [34]),
        (44, True, [44]),
        (45, True, [30, 15]),
        (90, True, [30, 30, 30]),
    ],
)
def test_stretches_are_as_long_as_a_track_in_training(seconds, whole, expected):
    found = windows(
        round(seconds * 100), 100, segments=SegmentsParams(seconds=3.0, per_track=10), whole=whole
    )
    assert [(part.stop - part.start) / 100 for part in found] == expected
    assert found[0].start == 0
    assert all(one.stop == following.start for one, following in itertools.pairwise(found))
