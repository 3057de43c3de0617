"""The study's data in a folder: audio, pictures, tables, split lists, artists, encoders' weights."""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from components.core.errors import AudioError, ParamsError
from components.corpus import audio, published_metadata
from components.corpus.discovery import track_id
from components.corpus.feature_table import WHOLE_TRACK
from components.corpus.image_files import SUFFIXES as PICTURES
from components.features.encoders import base as encoders
from components.features.encoders.base import UNTRAINED
from components.study.declarations import preset

#: Forms of the collection, as a reader knows them.
LABELS = {"audio": "audio", "pictures": "pictures", "table_30": "30-s table", "table_3": "3-s table"}
#: Levels of folders that are searched; the public layouts are three deep.
DEPTH = 3
#: Length of a segment: tracks that hold none give no row.
SECONDS = 3.0
#: The public collection has a thousand tracks, a few of which may be missing.
WHOLE_COLLECTION = 900
#: Genres that a folder, and tracks that a genre, must have to be a collection.
LEAST_GENRES, LEAST_TRACKS = 2, 5
#: The corpus that is composed where no music is found: its folder below ``data/raw``, and its size.
SYNTHETIC = "study"
CORPUS: dict[str, Any] = {"tracks_per_genre": 10, "seconds": 9.0}
#: A table of the public layout has these columns.
COLUMNS = ("filename", "length", "label", "tempo")


@dataclass(frozen=True)
class Collection:
    """One form of the collection.

    Attributes
    ----------
    path : Path
        Its folder or file.
    tracks : int
        Its tracks, unusable ones included.
    genres : tuple of str
        Sorted.
    files : dict of str to str
        By track, as :func:`components.corpus.discovery.track_id` names it, its path below the folder; '' in a table.
    why : str
        The reason for it where there were others; '' for the only one.
    """

    path: Path
    tracks: int
    genres: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict, hash=False)
    why: str = ""


@dataclass(frozen=True)
class Found:
    """Data that was found.

    Attributes
    ----------
    sources : dict of str to Collection
        By form: ``audio``, ``pictures``, ``table_30``, ``table_3``.
    lists, artists : Path or None
        Folder of the published fault-filtered lists; the artist table.
    weights : dict of str to str
        By encoder: its value for ``pretrained``. Where they are not on this machine they are downloaded, and where
        that fails an untrained encoder is taken and every figure of it marked.
    synthetic : bool
        Nothing was found, so the synthetic corpus is taken.
    known : dict of str to int
        By form: how many of its tracks, those of ``beside`` included, the artist table names the artist of.
    beside : dict of str to Collection
        By form: other songs of the same collection, such as short clips, where ``sources`` hold few.
    """

    sources: dict[str, Collection]
    lists: Path | None
    artists: Path | None
    weights: dict[str, str]
    synthetic: bool = False
    known: dict[str, int] = field(default_factory=dict)
    beside: dict[str, Collection] = field(default_factory=dict)

    def tracks(self, form: str) -> int:
        """Return how many tracks of a form there are, with those beside it."""
        return self.sources[form].tracks + (self.beside[form].tracks if form in self.beside else 0)

    def artists_known(self, form: str) -> bool:
        """Return whether the artist table names the artist of most tracks of a form."""
        return self.known.get(form, 0) > self.tracks(form) / 2

    def lines(self) -> list[str]:
        """List what was found and what was not, one line each."""
        lines = []
        for form, label in LABELS.items():
            text = "not found"
            if one := self.sources.get(form):
                few = f" ({', '.join(one.genres)})" if len(one.genres) < 5 else ""
                text = f"{one.tracks} tracks of {len(one.genres)} genres{few} in {one.path}{one.why}"
            lines.append(f"{label}: {text}")
            if form in self.beside:
                one = self.beside[form]
                lines.append(f"{label} beside it, with artists apart: {one.tracks} tracks in {one.path}")
        lines.append(f"published split lists: {self.lists or 'not found'}")
        counts = [
            f"{self.known.get(form, 0)} of {self.tracks(form)} ({LABELS[form]})" for form in self.sources
        ]
        named = f", which names the artist of {', '.join(counts)} tracks" if self.artists and counts else ""
        lines.append(f"artists: {self.artists or 'not found'}{named}")
        for encoder, value in self.weights.items():
            if value == UNTRAINED:
                state = "an UNTRAINED encoder is used"
            else:
                here = encoders.find(encoder).locate(value).exists()
                state = "here" if here else "not here: downloaded, or else UNTRAINED"
            lines.append(f"{encoder} weights: {value} ({state})")
        return lines


def look(folder: Path, *, without: Names[str] = ()) -> Found:
    """Search a folder such as ``data/raw`` for the largest collection of each form.

    Of several with audio it is the one with most tracks that hold a segment, by their headers.

    Parameters
    ----------
    folder : Path
        Searched to :data:`DEPTH` levels.
    without : collection of str
        Folders directly below it that are passed over, such as composed corpora.

    Raises
    ------
    ParamsError
        If there is no such folder. One that holds nothing gives no ``sources``.
    """
    if not folder.is_dir():
        raise ParamsError(
            f"--data is {str(folder)!r}, which is no folder; valid: a folder with GTZAN below it"
        )
    collections: dict[str, list[Collection]] = {}
    lists = artists = vgg16 = None
    for place in _folders(folder.resolve(), without=without):
        for form, found in _collections(place):
            collections.setdefault(form, []).append(found)
        if all((place / name).is_file() for name in published_metadata.LISTS.values()):
            lists = lists or place
        artists = artists or next(iter(sorted(place.glob("*artists.txt"))), None)
        vgg16 = vgg16 or next(iter(sorted(place.glob("*vgg16*notop*.h5"))), None)
    weights = dict(preset("gtzan")["pretrained"])
    if vgg16 and vgg16 != encoders.find("vgg16").locate(weights["vgg16"]):
        weights["vgg16"] = str(vgg16)
    sources = {form: _largest(form, several) for form, several in collections.items()}
    table = published_metadata.read_artists(artists) if artists else {}
    beside = {
        form: one
        for form, first in sources.items()
        if form == "audio" and (one := _beside(first, collections[form], artists=table))
    }
    together = {form: [one, *([beside[form]] if form in beside else [])] for form, one in sources.items()}
    return Found(
        sources=sources,
        lists=lists,
        artists=artists,
        weights=weights,
        known={
            form: sum(_named(one, artists=table) for one in several) for form, several in together.items()
        },
        beside=beside,
    )


def _largest(form: str, collections: list[Collection]) -> Collection:
    if len(collections) == 1:
        return collections[0]
    unit = f"tracks of {SECONDS:g} s or more" if form == "audio" else "tracks"
    counts = {one: _long_enough(one) if form == "audio" else one.tracks for one in collections}
    first = max(counts, key=lambda one: (counts[one], one.tracks))
    others = ", ".join(f"{count} in {one.path}" for one, count in counts.items() if one != first)
    return replace(first, why=f": the most {unit}, {counts[first]}, against {others}")


def _beside(
    first: Collection, collections: list[Collection], *, artists: Mapping[str, str]
) -> Collection | None:
    """Find the most other tracks of the collection that ``artists`` is of, where ``first`` holds few of them."""
    others = [
        one
        for one in collections
        if one.genres == first.genres
        and not one.files.keys() & first.files.keys()
        and _named(one, artists=artists) > len(one.files) / 2
    ]
    if first.tracks >= WHOLE_COLLECTION or not others:
        return None
    return max(others, key=lambda one: one.tracks)


def _named(collection: Collection, *, artists: Mapping[str, str]) -> int:
    """Count the tracks whose artist is known."""
    tracks = pd.DataFrame({"track": list(collection.files), "path": list(collection.files.values())})
    try:
        return len(published_metadata.match(artists, tracks, key="artists"))
    except ParamsError:  # no track is in the table
        return 0


def _long_enough(collection: Collection) -> int:
    count = 0
    for genre in collection.genres:
        for path in (collection.path / genre).iterdir():
            # What cannot be read is listed as unusable, with its reason, where this collection is taken.
            with suppress(AudioError):
                count += audio.header(path).seconds >= SECONDS
    return count


def _folders(top: Path, *, without: Names[str]) -> Iterator[Path]:
    """Yield a folder and those below it, the upper levels first."""
    yield top
    for depth in range(1, DEPTH + 1):
        for place in sorted(top.glob("*/" * depth)):
            parts = place.relative_to(top).parts
            if parts[0] not in without and not any(part.startswith(".") for part in parts):
                yield place


def _collections(place: Path) -> Iterator[tuple[str, Collection]]:
    genres = [below for below in sorted(place.iterdir()) if below.is_dir() and below.name[0] != "."]
    for form, suffixes in (("audio", audio.SUFFIXES), ("pictures", PICTURES)):
        tracks = {
            genre.name: [path for path in genre.iterdir() if path.suffix.lower() in suffixes]
            for genre in genres
        }
        enough = tuple(genre for genre, paths in tracks.items() if len(paths) >= LEAST_TRACKS)
        if len(enough) >= LEAST_GENRES:
            files = {
                track_id(genre, path.stem): f"{genre}/{path.name}"
                for genre in enough
                for path in tracks[genre]
            }
            count = sum(len(tracks[genre]) for genre in enough)
            yield form, Collection(path=place, tracks=count, genres=enough, files=files)
    for path in sorted(place.glob("*.csv")):
        try:
            table = pd.read_csv(path, usecols=COLUMNS, dtype=str, keep_default_na=False, encoding="utf-8-sig")
            whole = (pd.to_numeric(table["length"]) >= WHOLE_TRACK).mean() > 0.5
        except (OSError, ValueError):  # what pandas cannot parse or decode is a ValueError
            continue
        genres_of = table["label"].str.strip()
        labels = tuple(sorted(genres_of.unique()))
        if len(labels) >= LEAST_GENRES:
            # Pieces are named track.piece.wav.
            stems = table["filename"].str.rsplit(".", n=1 if whole else 2).str[0]
            files = {track_id(genre, stem): "" for genre, stem in zip(genres_of, stems, strict=True)}
            yield (
                "table_30" if whole else "table_3",
                Collection(path=path, tracks=len(files), genres=labels, files=files),
            )


def synthetic(root: Path) -> Found:
    """Return the synthetic corpus alone, which the study's pipeline composes, with untrained encoders."""
    from components.corpus.synthetic.styles import STYLES

    composed = Collection(
        path=root / "data" / "raw" / SYNTHETIC,
        tracks=len(STYLES) * CORPUS["tracks_per_genre"],
        genres=tuple(sorted(STYLES)),
    )
    weights = dict.fromkeys(preset("gtzan")["pretrained"], UNTRAINED)
    return Found(sources={"audio": composed}, lists=None, artists=None, weights=weights, synthetic=True)
