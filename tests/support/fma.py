"""A ``tracks.csv`` as FMA's: two rows of headings, a third that names the index."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

COLUMNS = [
    ("album", "id"),
    ("album", "title"),
    ("artist", "bio"),
    ("artist", "name"),
    ("set", "split"),
    ("set", "subset"),
    ("track", "genre_top"),
    ("track", "title"),
]


class Track(NamedTuple):
    """A row."""

    number: int
    genre: str
    artist: str
    subset: str = "small"
    split: str = "training"

    @property
    def path(self) -> str:
        """Where FMA has the file."""
        return f"{self.number // 1000:03d}/{self.number:06d}.mp3"


def write(path: Path, tracks: Sequence[Track]) -> Path:
    """Write the table, with a cell of several lines in each row, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["", *(upper for upper, _ in COLUMNS)])
        rows.writerow(["", *(lower for _, lower in COLUMNS)])
        rows.writerow(["track_id", *[""] * len(COLUMNS)])
        for track in tracks:
            album = (track.number, f"Album of {track.artist}")
            more = (track.split, track.subset, track.genre, f"Title {track.number}")
            rows.writerow([track.number, *album, "Born,\nand raised.", track.artist, *more])
    return path
