"""The split on disk: ``splits/split.parquet``, the table, ``splits/songs.parquet``, and ``splits/split.json``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError, computed_field

from components.config.params import Protocol
from components.core import atomic
from components.core.errors import CorpusError, LeakError
from components.splits import leakage
from components.splits.artists import Artists

if TYPE_CHECKING:
    import pandas as pd

#: Hashes of a track's file and of its decoded samples, its acoustic fingerprint, and its length (0 where it has none).
KNOWN_BY = ("sha256", "sound_sha256", "fingerprint", "seconds")


class SplitRecord(BaseModel):
    """How a split was made, and its fingerprint: two runs are comparable only where fingerprints are equal.

    ``counts`` has ``tracks`` and ``rows`` by ``<unit>.<part>``. ``artists`` is what
    :func:`components.splits.artists.status` found, ``confounded`` lists the artist-confounded genres (see
    :mod:`components.splits`), ``tracks_with_artist`` counts the tracks whose artist is known, ``genre_counts`` has
    songs by genre and step (:mod:`components.splits.counts`).
    """

    model_config = ConfigDict(frozen=True)

    protocol: Protocol
    seed: int
    fold: int
    folds: int
    fingerprint: str
    genres: list[str]
    counts: dict[str, dict[str, int]]
    artists: Artists
    artists_by_genre: dict[str, int]
    confounded: list[str]
    tracks_with_artist: int
    genre_counts: dict[str, dict[str, int]] = Field(default_factory=dict)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def leaky(self) -> bool:
        """Whether segments of one song may be on both sides."""
        return self.protocol == "segment"


def fingerprint(table: pd.DataFrame) -> str:
    """Return the SHA-256, 64 hexadecimal digits, of which track and segment is in which part, and by which artist."""
    columns = ["unit", "track", "segment", "genre", "part", "artist", "headline"]
    ordered = table[columns].sort_values(columns[:3])
    return hashlib.sha256(ordered.to_csv(index=False).encode()).hexdigest()


def write(table: pd.DataFrame, record: SplitRecord, *, tracks: pd.DataFrame, root: Path) -> None:
    """Write the files, whole or not at all.

    Parameters
    ----------
    table : DataFrame
        A split table.
    record : SplitRecord
        Its record.
    tracks : DataFrame
        Columns ``track`` and :data:`KNOWN_BY`, by which a song is recognised elsewhere.
    """
    songs = table[table["unit"] == "track"].drop(columns=["unit", "segment"])
    with atomic.replacing_folder(root / "splits") as folder:
        table.to_parquet(folder / "split.parquet", index=False)
        songs.merge(tracks[["track", *KNOWN_BY]], on="track").to_parquet(
            folder / "songs.parquet", index=False
        )
        atomic.write_json(folder / "split.json", record.model_dump(mode="json"))


def songs(root: Path = Path("data")) -> pd.DataFrame:
    """Read the songs of the present split.

    Returns
    -------
    DataFrame
        ``track``, ``genre``, ``part``, ``artist``, ``headline`` and :data:`KNOWN_BY`, one row a song.

    Raises
    ------
    CorpusError
        If there is none, or it cannot be read.
    """
    import pandas as pd

    path = Path(root) / "splits" / "songs.parquet"
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path} cannot be read ({error}); run `dvc repro split`") from error


def record(root: Path = Path("data")) -> SplitRecord:
    """Read the record of the present split.

    Raises
    ------
    CorpusError
        If there is none, or it cannot be read.
    """
    path = Path(root) / "splits" / "split.json"
    if not path.is_file():
        raise CorpusError(f"{path} is missing: no split yet; run `genre run` or `dvc repro split`")
    try:
        return SplitRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise CorpusError(f"{path} cannot be read ({reason}); run `dvc repro split`") from error


def read(root: Path = Path("data")) -> tuple[pd.DataFrame, SplitRecord]:
    """Read a split, and check that it still holds together.

    Returns
    -------
    table : DataFrame
        See :mod:`components.splits`.
    record : SplitRecord
        Its record.

    Raises
    ------
    CorpusError
        If there is none, or it cannot be read.
    LeakError
        If the table does not match its fingerprint, or a song is on two sides.
    """
    import pandas as pd

    made = record(root)
    path = Path(root) / "splits" / "split.parquet"
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path} cannot be read ({error}); run `dvc repro split`") from error
    if fingerprint(table) != made.fingerprint:
        raise LeakError(f"{path.parent}: the table was changed after it was made; run `dvc repro split`")
    leakage.check_split(table, protocol=made.protocol)
    return table, made
