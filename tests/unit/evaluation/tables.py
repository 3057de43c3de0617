"""Tables of predictions: of three genres, written out or random."""

from __future__ import annotations

import numpy as np
import pandas as pd

GENRES = ["blues", "jazz", "rock"]


def table(
    rows: list[tuple[str, str, list[float]]], *, part: str = "test", artists: dict[str, str] | None = None
) -> pd.DataFrame:
    """Rows of (track, genre, probabilities); segments are numbered as they come."""
    frame = pd.DataFrame(
        {
            "part": part,
            "track": [row[0] for row in rows],
            "genre": [row[1] for row in rows],
            "artist": [(artists or {}).get(row[0], "") for row in rows],
            "headline": True,
            "predicted": [GENRES[int(np.argmax(row[2]))] for row in rows],
        }
    )
    frame["segment"] = frame.groupby("track").cumcount()
    for place, genre in enumerate(GENRES):
        frame[f"probability.{genre}"] = [row[2][place] for row in rows]
    return frame


def random_table(*, songs: int, segments: int, skill: float, seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    rows = []
    for song in range(songs):
        genre = song % 3
        shift = generator.normal(size=3) + skill * np.eye(3)[genre]
        for _ in range(segments):
            odds = np.exp(shift + 0.3 * generator.normal(size=3))
            rows.append((f"s{song:03d}", GENRES[genre], list(odds / odds.sum())))
    return table(rows)
