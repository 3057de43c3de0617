"""A genre model without training: real decoding and features, and a network of constant probabilities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from numpy.typing import ArrayLike

from components.serving import drift
from components.serving.certainty import Certainty
from components.serving.genre_model import GenreModel
from components.serving.load import LoadedModel
from tests.support.records import FEATURE, training_record

GENRES = ["blues", "jazz", "rock"]
RATE = 22_050


class Network:
    """Gives every row the same probabilities, and notes how many rows each call had."""

    def __init__(self, shares: list[float]) -> None:
        self.shares = shares
        self.calls: list[int] = []

    def predict_on_batch(self, values: np.ndarray) -> np.ndarray:
        self.calls.append(len(values))
        return np.tile(np.asarray(self.shares, dtype=np.float32), (len(values), 1))


def model(
    shares: list[float] | None = None, *, feature: str = "mfcc_summary", name: str = "mlp"
) -> GenreModel:
    record = training_record(model=name, genres=GENRES, feature=FEATURE | {"feature": feature})
    made = GenreModel(record, params=record.params, networks={name: Network(shares or [0.1, 0.7, 0.2])})
    made.songs = pd.DataFrame({"track": [], "artist": [], "fitted": np.zeros(0, dtype=bool), "seconds": []})
    made.reference = reference()
    made.certainty = Sure()
    return made


class Sure(Certainty):
    """Finds every song like its training, and a probability of a half enough."""

    def __init__(self) -> None:
        super().__init__(np.zeros((1, 1)), np.array([0.5]), np.array([True]), np.array([1.0]))

    def distances(self, songs: ArrayLike) -> np.ndarray:
        return np.zeros(len(np.asarray(songs)))


def reference(*, around: float = 0.0) -> pd.DataFrame:
    """Return 50 training songs whose watched columns are normal around a value."""
    values = np.random.default_rng(0).normal(around, 1.0, (50, 57))
    return pd.DataFrame(values, columns=drift.names(training_record().features))


def loaded_model(shares: list[float] | None = None, *, name: str = "mlp") -> LoadedModel:
    return LoadedModel("models:/genre/1", "0" * 32, model(shares, name=name))


def song(path: Path, *, seconds: float = 6.5, rate: int = RATE, pitch: float = 440.0) -> Path:
    """Write a decaying tone in noise."""
    time = np.arange(int(seconds * rate)) / rate
    noise = 0.02 * np.random.default_rng(0).standard_normal(len(time))
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * pitch * time) * np.exp(-3 * (time % 0.5)) + noise, rate)
    return path


def truncated(path: Path, *, seconds: float = 6.5, lost: float = 3.5) -> Path:
    """Write a WAV file whose end was cut off."""
    whole = song(path, seconds=seconds + lost).read_bytes()
    path.write_bytes(whole[: len(whole) - 2 * round(lost * RATE)])
    return path
