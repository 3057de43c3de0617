"""Collections that tests make: folders of tones, pictures and tables, with whatever is planted in them."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import soundfile

from components.config.params import Params
from components.config.sources import Form, SourceParams
from components.corpus.feature_table import VALUES

RATE = 22_050


def tone(seconds: float = 4.0, *, rate: int = RATE, pitch: float = 440.0, level: float = 0.3) -> np.ndarray:
    """A steady tone."""
    return (level * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def write_tracks(folder: Path, counts: dict[str, int], *, seconds: float = 4.0) -> Path:
    """Tones in ``folder/<genre>/<genre>.NNNNN.wav``, no two alike."""
    pitch = 100.0
    for genre, count in counts.items():
        (folder / genre).mkdir(parents=True)
        for number in range(count):
            pitch += 1.0
            soundfile.write(folder / genre / f"{genre}.{number:05d}.wav", tone(seconds, pitch=pitch), RATE)
    return folder


def table_of(tracks: dict[str, str], *, pieces: int = 3) -> pd.DataFrame:
    """Rows as the public 3-s table has them, for ``{track: label}``."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "filename": f"{track}.{piece}.wav",
            "length": 66_149,
            **dict(zip(VALUES, rng.random(57), strict=True)),
        }
        | {"label": label}
        for track, label in tracks.items()
        for piece in range(pieces)
    ]
    return pd.DataFrame(rows, columns=["filename", "length", *VALUES, "label"])


def pointed_at(
    params: Params, *, minimum: int = 2, form: Form | None = None, **sources: Path | str
) -> Params:
    """The params with the corpus somewhere else, and a small minimum of tracks a genre.

    A source is named for its form, unless ``form`` is that of all.
    """
    corpus = params.corpus.model_copy(
        update={
            "sources": {
                name: SourceParams(path=str(path), form=form or cast(Form, name))
                for name, path in sources.items()
            },
            "minimum_tracks": minimum,
        }
    )
    return params.model_copy(update={"corpus": corpus})
