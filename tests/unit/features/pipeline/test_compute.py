"""Encoders of a feature, and rows of a waveform."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from components import features
from components.config.params import Params, SegmentsParams
from components.features.pipeline import compute
from components.features.pipeline.compute import windows


def test_untrained_encoders_say_so_where_they_are_allowed(
    make_params: Callable[..., Params], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    params = make_params(pretrained={"yamnet": str(tmp_path / "no-model")})
    encoder = compute.encoder_of(features.load("yamnet_embedding"), params=params)
    assert encoder is not None
    assert encoder.record()["trained"] is False
    assert "yamnet: UNTRAINED" in capsys.readouterr().err


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
