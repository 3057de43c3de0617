"""A song in stretches: as long as a track in training, whatever the blocks that it comes in."""

from __future__ import annotations

import numpy as np
import pytest

from components.config.params import SegmentsParams
from components.features.pipeline.stretches import Stretches


@pytest.mark.parametrize("block", [1, 70, 2999, 10_000])
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
def test_stretches_are_as_long_as_a_track_in_training(
    seconds: float, whole: bool, expected: list[float], block: int
) -> None:
    segments = SegmentsParams(seconds=3.0, per_track=10, shortest=1.0)
    stretches = Stretches(100, segments=segments, whole=whole)
    y = np.arange(round(seconds * 100), dtype=np.float32)
    found = [one for first in range(0, len(y), block) for one in stretches.add(y[first : first + block])]
    found.append(stretches.end())
    assert [len(part) / 100 for _, part in found] == expected
    assert [start for start, _ in found] == [int(part[0]) for _, part in found]
    np.testing.assert_array_equal(np.concatenate([part for _, part in found]), y)
