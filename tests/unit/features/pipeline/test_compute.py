"""Encoders of a feature, and rows of a waveform."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from components import features
from components.config.params import Params
from components.core.errors import FeatureError
from components.features import mfcc_sequence
from components.features.pipeline import compute


def test_untrained_encoders_say_so_where_they_are_allowed(
    make_params: Callable[..., Params], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    params = make_params(pretrained={"yamnet": str(tmp_path / "no-model")})
    (encoder,) = compute.encoders_of(features.load("yamnet_embedding"), params=params)
    assert encoder.record.trained is False
    assert "yamnet: UNTRAINED" in capsys.readouterr().err


def test_a_row_that_is_not_finite_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.ones((3, 2), dtype=np.float32)
    values[1, 1] = np.nan
    monkeypatch.setattr(mfcc_sequence, "extract", lambda clips, *, options: values)
    with pytest.raises(FeatureError, match="mfcc_sequence: row 1"):
        compute.apply(mfcc_sequence, np.zeros((3, 9)), options=mfcc_sequence.Options())


def test_a_feature_is_computed_by_its_own_file_and_those_that_it_reads(
    make_params: Callable[..., Params],
) -> None:
    assert compute.modules("vgg16_embedding", params=make_params()) == [
        "components.features.vgg16_embedding",
        "components.features.mel_image",
    ]
