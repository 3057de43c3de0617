"""What of the study's data lies in a folder: audio, pictures, tables, split lists, artists, encoders' weights."""

from __future__ import annotations

import csv
from collections.abc import Collection as Names
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.core.errors import ParamsError
from components.corpus import published_metadata
from components.corpus.audio import SUFFIXES as AUDIO
from components.corpus.feature_table import WHOLE_TRACK
from components.corpus.image_files import SUFFIXES as PICTURES
from components.features.encoders import vgg16, yamnet
from components.features.encoders.base import UNTRAINED

#: Folders of folders this deep are looked into; the public layouts are three deep.
DEPTH = 3
#: Genres that a folder, and tracks that a genre, must have to be a collection.
LEAST_GENRES, LEAST_TRACKS = 2, 5
#: The public model (TensorFlow Hub), which is kept by the SHA-1 of this handle.
YAMNET = "https://tfhub.dev/google/yamnet/1"
#: The corpus that is composed where no music is found: its folder below ``data/raw``, and its size.
EMBEDDED = "study"
CORPUS: dict[str, Any] = {"tracks_per_genre": 10, "seconds": 9.0}
#: A table of the public layout has these columns.
COLUMNS = {"filename", "length", "label", "tempo"}


@dataclass(frozen=True)
class Collection:
    """One form of the collection.

    Attributes
    ----------
    path : Path
        Its folder, or file.
    tracks : int
        Tracks it seems to hold; unusable ones are found later.
    genres : tuple of str
        Sorted.
    """

    path: Path
    tracks: int
    genres: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """What is there.

    Attributes
    ----------
    sources : dict of str to Collection
        By name: ``audio``, ``pictures``, ``table_30``, ``table_3``.
    lists : Path or None
        Folder of the published fault-filtered lists.
    artists : Path or None
        The artist table.
    weights : dict of str to str
        By encoder: its value for ``pretrained``.
    at_hand : dict of str to bool
        By encoder: whether its weights lie on this machine; else they are downloaded, and where that fails an
        untrained encoder is taken and every figure of it marked.
    synthetic : bool
        Nothing was found, so the embedded corpus is taken.
    """

    sources: dict[str, Collection]
    lists: Path | None
    artists: Path | None
    weights: dict[str, str]
    at_hand: dict[str, bool]
    synthetic: bool = False

    def lines(self) -> list[str]:
        """Say what was found and what was not, one line each."""
        said = []
        for name in ("audio", "pictures", "table_30", "table_3"):
            if (one := self.sources.get(name)) is None:
                said.append(f"{LABELS[name]}: not found")
            else:
                genres = f"{len(one.genres)} genres"
                if len(one.genres) < 5:
                    genres += f" ({', '.join(one.genres)})"
                said.append(f"{LABELS[name]}: {one.tracks} tracks of {genres} in {one.path}")
        said.append(f"published split lists: {self.lists or 'not found'}")
        said.append(f"artists: {self.artists or 'not found'}")
        for encoder, value in self.weights.items():
            state = "here" if self.at_hand[encoder] else "not here: downloaded, or else UNTRAINED"
            if value == UNTRAINED:
                state = "an UNTRAINED encoder is used"
            said.append(f"{encoder} weights: {value} ({state})")
        return said


LABELS = {"audio": "audio", "pictures": "pictures", "table_30": "30-s table", "table_3": "3-s table"}


def look(folder: Path, *, without: Names[str] = ()) -> Found:
    """Look what a folder holds.

    Parameters
    ----------
    folder : Path
        Such as ``data/raw``.
    without : collection of str
        Folders directly below it that are not looked into, such as composed corpora.

    Returns
    -------
    Found
        The largest collection of each form. ``sources`` is empty where there is none.

    Raises
    ------
    ParamsError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise ParamsError(
            f"--data is {str(folder)!r}, which is no folder; valid: a folder with GTZAN below it"
        )
    sources: dict[str, Collection] = {}
    lists = artists = None
    weights = None

    def keep(name: str, one: Collection | None) -> None:
        if one is not None and (name not in sources or one.tracks > sources[name].tracks):
            sources[name] = one

    for place in _folders(folder.resolve(), without=without):
        keep("audio", _collection(place, suffixes=AUDIO))
        keep("pictures", _collection(place, suffixes=PICTURES))
        if all((place / name).is_file() for name in published_metadata.LISTS.values()):
            lists = lists or place
        for path in sorted(place.glob("*.csv")):
            name, table = _table(path)
            keep(name, table)
        if (place / "artists.txt").is_file():
            artists = artists or place / "artists.txt"
        for path in sorted(place.glob("*vgg16*notop*.h5")):
            weights = weights or path
    official = vgg16.locate("imagenet")
    weights = weights or official
    return Found(
        sources=sources,
        lists=lists,
        artists=artists,
        weights={"yamnet": YAMNET, "vgg16": "imagenet" if weights == official else str(weights)},
        at_hand={
            "yamnet": yamnet.locate(YAMNET).is_dir(),
            "vgg16": weights.is_file(),
        },
    )


def _folders(top: Path, *, without: Names[str]) -> Iterator[Path]:
    yield top
    level = [below for below in sorted(top.iterdir()) if below.is_dir() and below.name not in without]
    for _ in range(DEPTH):
        yield from level
        level = [
            below
            for place in level
            for below in sorted(place.iterdir())
            if below.is_dir() and not below.name.startswith(".")
        ]


def _collection(place: Path, *, suffixes: Names[str]) -> Collection | None:
    counts = {
        below.name: sum(path.suffix.lower() in suffixes for path in below.iterdir())
        for below in sorted(place.iterdir())
        if below.is_dir() and not below.name.startswith(".")
    }
    genres = tuple(name for name, count in counts.items() if count >= LEAST_TRACKS)
    if len(genres) < LEAST_GENRES:
        return None
    return Collection(path=place, tracks=sum(counts[name] for name in genres), genres=genres)


def _table(path: Path) -> tuple[str, Collection | None]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not set(reader.fieldnames or ()) >= COLUMNS:
                return "", None
            rows = list(reader)
            lengths = [float(row["length"]) for row in rows]
    except (OSError, ValueError, csv.Error):
        return "", None
    genres = tuple(sorted({row["label"].strip() for row in rows}))
    if len(genres) < LEAST_GENRES:
        return "", None
    whole = sum(length >= WHOLE_TRACK for length in lengths) > len(lengths) / 2
    # Pieces are named track.piece.wav.
    tracks = {row["filename"] if whole else row["filename"].rsplit(".", 2)[0] for row in rows}
    return ("table_30" if whole else "table_3"), Collection(path=path, tracks=len(tracks), genres=genres)


def embedded(root: Path) -> Found:
    """Take the embedded corpus, with untrained encoders.

    Parameters
    ----------
    root : Path
        The project's root.

    Returns
    -------
    Found
        Audio alone; the study's pipeline composes it into ``data/raw/study``.
    """
    from components.corpus.synthetic.styles_by_genre import STYLES

    audio = Collection(
        path=root / "data" / "raw" / EMBEDDED,
        tracks=len(STYLES) * CORPUS["tracks_per_genre"],
        genres=tuple(sorted(STYLES)),
    )
    return Found(
        sources={"audio": audio},
        lists=None,
        artists=None,
        weights={"yamnet": UNTRAINED, "vgg16": UNTRAINED},
        at_hand={"yamnet": False, "vgg16": False},
        synthetic=True,
    )
