"""A small project with three genres of short tones, listed and ready to be extracted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

from components.config import presets
from components.config.params import Params, parse
from components.features.encoders import base as encoders
from components.stages import corpus

RATE = 22_050


def tone(seed: int, *, seconds: float, rate: int = RATE) -> np.ndarray:
    """Notes, a beat and a little noise, different for each seed."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    notes = sum(np.sin(2 * np.pi * f * time) for f in rng.uniform(110, 1760, 3)) / 6
    beat = np.exp(-20 * (time % rng.uniform(0.3, 0.6))) * rng.normal(0, 0.3, len(time))
    return (notes + beat + rng.normal(0, 0.01, len(time))).clip(-1, 1).astype(np.float32)


@pytest.fixture
def make_params() -> Callable[..., Params]:
    """Demo params with 1-s segments, two a track, untrained encoders; blocks can be replaced by key."""

    def make(**blocks: Any) -> Params:
        document = yaml.safe_load(presets.compose("demo"))
        document["corpus"]["sources"] = {"audio": {"path": "audio"}}
        document["corpus"]["minimum_tracks"] = 2
        document["segments"] = {"seconds": 1.0, "per_track": 2, "shortest": 0.5}
        document["pretrained"] = dict.fromkeys(encoders.names(), encoders.UNTRAINED)
        document["features"]["mel_sequence"] = {"reads": "data/corpus/audio.parquet", "unit": "segment"}
        for name in ("mfcc_sequence", "vgg16_embedding"):
            # Each feature's own defaults, not the demo's savings.
            document["features"][name]["options"] = {}
        for key, value in blocks.items():
            document[key] = document[key] | value if isinstance(value, dict) else value
        return parse(yaml.safe_dump(document))

    return make


@pytest.fixture
def params(make_params: Callable[..., Params]) -> Params:
    return make_params()


@pytest.fixture
def project(tmp_path: Path, params: Params) -> Path:
    """The data folder of a project with four tracks in each of three genres."""
    for genre_number, genre in enumerate(("blues", "jazz", "rock")):
        folder = tmp_path / "audio" / genre
        folder.mkdir(parents=True)
        for number in range(4):
            y = tone(10 * genre_number + number, seconds=2.2)
            soundfile.write(folder / f"{genre}.{number:05d}.wav", y, RATE)
    corpus.run("audio", params=params, root=tmp_path / "data")
    return tmp_path / "data"
