"""Labelled music: songs with their genre and artist, from a folder a genre, from tags, or from a manifest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pandas as pd

from components.core import formatting
from components.core.errors import AudioError, EvaluationError, ParamsError
from components.core.progress import Place
from components.corpus import discovery, manifest, published_metadata, tables, tags
from components.corpus import labels as corpus_labels
from components.corpus.audio import SUFFIXES
from components.serving import predict

#: Where genres come from, unless a manifest names them.
FOLDERS, TAGS = "folders", "tags"


@dataclass(frozen=True)
class Song:
    """A file and its labels.

    Attributes
    ----------
    name : str
        Its path below the folder, printable; what every table calls it.
    file : Path
        Where it lies.
    genre, artist, album, title : str
        ``''`` for what is not known.
    """

    name: str
    file: Path
    genre: str
    artist: str = ""
    album: str = ""
    title: str = ""


@dataclass(frozen=True)
class LabelledMusic:
    """Songs with their labels.

    Attributes
    ----------
    name : str
        Of the folder or manifest, without the folders above it.
    labels : str
        ``folders``, ``tags`` or the manifest's file name.
    songs : list of Song
        Sorted by name.
    left_out : dict of str to str
        Files and rows without a usable label, each with the reason.
    """

    name: str
    labels: str
    songs: list[Song]
    left_out: dict[str, str] = field(default_factory=dict)


def read(
    place: Path,
    *,
    labels: str = FOLDERS,
    artists: Path | None = None,
    follow_links: bool = False,
    to: Place = None,
) -> LabelledMusic:
    """Read labelled music.

    Parameters
    ----------
    place : Path
        A folder, or a manifest.
    labels : str
        ``folders`` (one subfolder a genre), ``tags`` (of each file), or the path of a manifest: a CSV or Parquet
        file with the columns ``path`` (relative to ``place`` or to the manifest) and ``genre``, and where known
        ``artist``, ``album`` and ``title``; or FMA's ``tracks.csv``.
    artists : Path, optional
        A table as of :func:`components.corpus.published_metadata.read_artists`. Where it names no artist of a song, the
        manifest does, and then the file's tags.
    follow_links, to
        As of :func:`components.serving.predict.below`.

    Returns
    -------
    LabelledMusic
        Not opened but for their tags.

    Raises
    ------
    EvaluationError
        If there is no such folder, or no labelled song in it.
    CorpusError
        If the manifest cannot be read, or lacks a column.
    ParamsError
        If ``labels`` is none of these, or the table of artists cannot be read.
    """
    if place.suffix.lower() in tables.SUFFIXES and not place.is_dir():
        place, labels = place.parent, str(place)
    if not place.is_dir():
        raise EvaluationError(f"{place} is not a folder; valid: a folder of labelled music, or a manifest")
    below = partial(predict.below, place, follow_links=follow_links, to=to)
    match labels:
        case "folders":
            songs, left_out = _by_folder(below(), folder=place)
        case "tags":
            songs, left_out = _by_tags(below(), folder=place)
        case _:
            if Path(labels).suffix.lower() not in tables.SUFFIXES:
                raise ParamsError(
                    f"--labels {labels!r} is no kind of label; valid: {FOLDERS}, {TAGS}, or a manifest "
                    f"({', '.join(tables.SUFFIXES)})"
                )
            songs, left_out = _by_manifest(Path(labels), folder=place)
    if not songs:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in list(left_out.items())[:3])
        raise EvaluationError(
            f"{place} holds no labelled song{f' ({reasons})' if reasons else ''}; valid: one subfolder a genre with "
            f"{formatting.some(SUFFIXES)} in it, --labels tags, or --labels MANIFEST"
        )
    named = _artists(artists, songs=songs) if artists else {}
    songs = [replace(song, artist=named.get(song.name) or _artist(song)) for song in songs]
    shown = labels if labels in (FOLDERS, TAGS) else Path(labels).name
    ordered = sorted(songs, key=lambda song: song.name)
    return LabelledMusic(name_of(place, labels=labels), shown, ordered, left_out)


def name_of(place: Path, *, labels: str) -> str:
    """Return what a folder or manifest is called in results, without the folders above it."""
    manifest = place if place.suffix.lower() in tables.SUFFIXES and not place.is_dir() else Path(labels)
    name = manifest.stem if manifest is place or labels not in (FOLDERS, TAGS) else place.resolve().name
    return formatting.printable(name).replace("/", "-") or "music"


def _by_folder(files: Iterable[Path], *, folder: Path) -> tuple[list[Song], dict[str, str]]:
    songs, left_out = [], {}
    for file in files:
        inside = file.relative_to(folder)
        if len(inside.parts) == 1:
            left_out[_shown(inside)] = "lies in no genre's folder"
        else:
            songs.append(Song(_shown(inside), file, inside.parts[0]))
    return songs, left_out


def _by_tags(files: Iterable[Path], *, folder: Path) -> tuple[list[Song], dict[str, str]]:
    songs, left_out = [], {}
    for file in files:
        name = _shown(file.relative_to(folder))
        try:
            found = tags.read(file)
        except AudioError as error:
            left_out[name] = str(error)
            continue
        if found.genre:
            songs.append(Song(name, file, found.genre, found.artist, found.album, found.title))
        else:
            left_out[name] = "has no genre tag"
    return songs, left_out


def _by_manifest(path: Path, *, folder: Path) -> tuple[list[Song], dict[str, str]]:
    if manifest.is_fma(path):
        return _by_fma(path, folder=folder), {}
    songs: list[Song] = []
    left_out: dict[str, str] = {}
    seen: dict[Path, str] = {}
    for line, row in tables.rows(path, needed=manifest.NEEDED, optional=manifest.CREDITS):
        given, genre = row["path"] and manifest.below(row["path"]), row["genre"]
        where = f"{path.name}, {line}"
        file = next((base / given for base in (folder, path.parent) if (base / given).is_file()), None)
        if not given or not genre:
            left_out[where] = f"{'path' if not given else 'genre'} is empty"
        elif file is None:
            left_out[f"{where}: {formatting.printable(given)}"] = "file not found"
        elif file.resolve() in seen:
            left_out[f"{where}: {formatting.printable(given)}"] = (
                f"was named before, by {seen[file.resolve()]}"
            )
        else:
            seen[file.resolve()] = line
            known = {key: row[key] for key in manifest.CREDITS if key in row}
            songs.append(Song(formatting.printable(given), file, genre, **known))
    return songs, left_out


def _by_fma(path: Path, *, folder: Path) -> list[Song]:
    """Of FMA's whole table, read the rows whose files are there."""
    table = manifest.read(path)
    inside = corpus_labels.prefix(table, folder=folder)
    return [
        Song(entry.path, file, entry.genre, entry.artist, entry.album, entry.title)
        for entry in table.entries
        if (file := folder / f"{inside}{entry.path}").is_file()
    ]


def _artists(path: Path, *, songs: Sequence[Song]) -> dict[str, str]:
    """Read a table of artists, and return those of these songs by their names."""
    if not path.is_file():
        raise ParamsError(
            f"--artists {str(path)!r} does not exist; valid: a table of 'file ::: artist ::: title'"
        )
    names = [song.name for song in songs]
    below = [name.removeprefix(f"{song.genre}/") for name, song in zip(names, songs, strict=True)]
    ids = [
        discovery.track_id(song.genre, Path(name).with_suffix("").as_posix())
        for name, song in zip(below, songs, strict=True)
    ]
    tracks = pd.DataFrame({"track": ids, "path": names})
    known = published_metadata.match(published_metadata.read_artists(path), tracks, key="--artists")
    return {name: known.get(track, "") for name, track in zip(names, ids, strict=True)}


def _artist(song: Song) -> str:
    if song.artist:
        return song.artist
    try:
        return tags.read(song.file).artist
    except AudioError:
        return ""  # whether it is audio at all is found when it is decoded


def _shown(path: Path) -> str:
    return formatting.printable(path.as_posix())
