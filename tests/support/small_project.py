"""A data folder as the stages before tuning leave it, made of numbers instead of music."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from components.config import params as params_module
from components.config import presets
from components.core import atomic
from components.splits import folds
from components.splits import store as split_store
from components.validation.result import ValidationResult
from tests.support.validation_results import validation_result

GENRES = ("blues", "jazz", "rock")


def build_small_project(
    root: Path,
    *,
    seed: int,
    feature: str = "mfcc_summary",
    songs: int = 12,
    spread: float = 1.0,
    genres: Sequence[str] = GENRES,
) -> None:
    """Write ``corpus/audio.parquet``, ``splits/`` and one feature.

    Each genre has its own centre in 57 columns, each song its own beside it, so that a model does better
    than guessing and worse than always right.
    """
    rng = np.random.default_rng(seed)
    genre_of = {f"{genre}.{number:05d}": genre for genre in genres for number in range(songs)}
    names = list(genre_of)
    tracks = pd.DataFrame(
        {
            "track": names,
            "genre": list(genre_of.values()),
            "path": [f"{genre}/{name}.wav" for name, genre in genre_of.items()],
            "seconds": 12.0,
            "sample_rate": 22050,
            "samples": 264600,
            "bytes": 529244,
            "segments": 4,
            "sha256": [rng.bytes(32).hex() for _ in names],
            "sound_sha256": "",
            "artist": "",
            "lost": 0.0,
            "damage": "",
            **dict.fromkeys(("artist", "album", "tagged", "part", "fingerprint"), ""),
            "fault": "",
        }
    )
    (root / "corpus").mkdir(parents=True)
    tracks.to_parquet(root / "corpus" / "audio.parquet", index=False)
    centres = {genre: rng.normal(0, 1.2, 57) for genre in genres}
    index = tracks.loc[tracks.index.repeat(4), ["track", "genre"]].reset_index(drop=True)
    index["segment"] = index.groupby("track").cumcount()
    index["start"] = index["segment"] * 3.0
    own = {name: rng.normal(0, spread, 57) for name in names}
    values = np.stack(
        [
            100 * (centres[row.genre] + own[row.track] + rng.normal(0, 1, 57))
            for row in index.itertuples(index=False)
        ]
    ).astype(np.float32)
    index["mean"], index["std"] = values.mean(axis=1), values.std(axis=1)
    index["minimum"], index["maximum"] = values.min(axis=1), values.max(axis=1)
    folder = root / "features" / feature
    folder.mkdir(parents=True)
    columns = ["track", "segment", "start", "genre", "mean", "std", "minimum", "maximum"]
    index[columns].to_parquet(folder / "index.parquet", index=False)
    np.save(folder / "values.npy", values)
    atomic.write_json(
        folder / "meta.json",
        {
            "feature": feature,
            "unit": "segment",
            "shape": [57],
            "names": [f"column_{number}" for number in range(57)],
            "sample_rate": 22050,
            "options": {},
            "pretrained": [],
        },
    )
    validation_result(feature).write(ValidationResult.path(feature, root=root))
    write_split(root, tracks=tracks, seed=seed)


def write_split(root: Path, *, tracks: pd.DataFrame, seed: int) -> None:
    """Assign the tracks to parts and write ``splits/`` as the stage does."""
    params = params_module.parse(presets.compose("demo")).model_copy(update={"seed": seed})
    table = folds.make(tracks.assign(recording=""), params=params)
    record = split_store.SplitRecord(
        protocol="track",
        seed=seed,
        fold=0,
        folds=5,
        fingerprint=split_store.fingerprint(table),
        genres=sorted(set(tracks["genre"])),
        counts={},
        artists="unknown",
        artists_by_genre={},
        confounded=[],
        tracks_with_artist=0,
    )
    split_store.write(table, record, tracks=tracks, root=root)
