"""A table of labelled files: CSV or Parquet with ``path`` and ``genre``, or the ``tracks.csv`` of FMA."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from components.core.errors import CorpusError
from components.corpus import locations, tables

#: Columns: needed, of who made a song, and taken where they are there.
NEEDED, CREDITS = ("path", "genre"), ("artist", "album", "title")
OPTIONAL = (*CREDITS, "split")
#: Spellings of the parts of a split.
PARTS = {
    "": "",
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}
#: Wrong rows that are named.
SHOWN = 5
#: The ``tracks.csv`` of FMA (M. Defferrard, K. Benzi, P. Vandergheynst, X. Bresson, "FMA: A Dataset for Music
#: Analysis", ISMIR 2017) has two rows of headings and a third that names its index; the columns that are read of it.
_FMA = {
    "genre": ("track", "genre_top"),
    "title": ("track", "title"),
    "artist": ("artist", "name"),
    "album": ("album", "title"),
    "album_id": ("album", "id"),
    "split": ("set", "split"),
    "subset": ("set", "subset"),
}
#: Each subset of FMA holds the ones before it.
FMA_SUBSETS = ("small", "medium", "large")


@dataclass(frozen=True)
class Entry:
    """A row: a file and what is said of it.

    Attributes
    ----------
    path : str
        Below the source's folder, with slashes.
    genre : str
        Not empty.
    artist, album, title : str
        ``''`` for what is not known.
    part : str
        ``train``, ``validation``, ``test`` or ``''``.
    where : str
        What to call the row: ``line 7`` of a CSV file, whose heading is line 1, or ``row 6``.
    """

    path: str
    genre: str
    artist: str = ""
    album: str = ""
    title: str = ""
    part: str = ""
    where: str = ""


@dataclass(frozen=True)
class Manifest:
    """The rows of a table, in its order.

    Attributes
    ----------
    name : str
        The file's.
    kind : str
        ``rows`` for one that names paths, ``fma`` for FMA's, whose files are named by their number.
    entries : tuple of Entry
        Each path once.
    """

    name: str
    kind: Literal["rows", "fma"]
    entries: tuple[Entry, ...]


def read(path: Path, *, subset: str | None = None) -> Manifest:
    """Read a table of labels, and check every row of it.

    Parameters
    ----------
    path : Path
        CSV or Parquet with the columns :data:`NEEDED` and, where known, :data:`OPTIONAL`, in any order and case; others
        are not read. Or FMA's ``tracks.csv``, of which rows without a top genre are left out.
    subset : str, optional
        Of FMA: ``small``, ``medium`` or ``large``; by default all of it.

    Returns
    -------
    Manifest
        Paths are as :func:`below` writes them.

    Raises
    ------
    CorpusError
        If it cannot be read, lacks a column, or has a wrong row: without a path or genre, with a path that leads out of
        the folder or was named before, with another part than those of :data:`PARTS`. Rows are named by line.
    """
    if path.suffix.lower() not in tables.SUFFIXES:
        raise CorpusError(f"{path} is no table of labels; valid: {' or '.join(tables.SUFFIXES)}")
    if is_fma(path):
        try:
            return Manifest(path.name, "fma", tuple(_fma(path, subset=subset)))
        except (OSError, ValueError) as error:
            raise CorpusError(
                f"{path} cannot be read ({error}); valid: FMA's tracks.csv, in UTF-8"
            ) from error
    rows = tables.rows(path, needed=NEEDED, optional=OPTIONAL)
    if subset is not None:
        raise CorpusError(f"subset is {subset!r}, and {path} is not FMA's tracks.csv; valid: no subset")
    return Manifest(path.name, "rows", tuple(_checked(rows, path=path)))


def below(path: str) -> str:
    r"""Return a path of a table with slashes, each once, and without ``.``; a URL as it is.

    Examples
    --------
    >>> below(r".\Rock\a.mp3"), below("Rock//./a.mp3"), below("s3://music/a.mp3")
    ('Rock/a.mp3', 'Rock/a.mp3', 's3://music/a.mp3')
    """
    return path if locations.is_remote(path) else PurePosixPath(path.replace("\\", "/")).as_posix()


def _checked(rows: list[tables.Named], *, path: Path) -> list[Entry]:
    entries: dict[str, Entry] = {}
    wrong = []
    for where, row in rows:
        place = below(row["path"]) if row["path"] else ""
        part = PARTS.get(row.get("split", "").casefold())
        if not place or not row["genre"]:
            wrong.append(f"{where}: {'genre' if place else 'path'} is empty")
        elif not row["genre"].isprintable():
            wrong.append(f"{where}: genre {row['genre']!r} is not printable")
        elif place == ".":
            wrong.append(f"{where}: path {row['path']!r} is the folder itself")
        elif ".." in PurePosixPath(place).parts:
            wrong.append(f"{where}: path {place!r} leads out of the folder")
        elif place in entries:
            wrong.append(f"{where}: path {place!r} was named before, by {entries[place].where}")
        elif part is None:
            valid = ", ".join(sorted(filter(None, PARTS)))
            wrong.append(f"{where}: split is {row['split']!r}; valid: {valid}, or empty")
        else:
            known = {key: row[key] for key in CREDITS if key in row}
            entries[place] = Entry(place, row["genre"], **known, part=part, where=where)
    if wrong:
        more = f" … and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise CorpusError(
            f"{path} has {len(wrong)} wrong of {len(rows)} rows: {'; '.join(wrong[:SHOWN])}{more}"
        )
    if not entries:
        raise CorpusError(f"{path} has no rows; valid: one a file, with its {' and '.join(NEEDED)}")
    return list(entries.values())


def is_fma(path: Path) -> bool:
    """Return whether a file is FMA's ``tracks.csv``, by its headings."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            upper, lower, index = (next(rows, []) for _ in range(3))
    except (OSError, ValueError, csv.Error):
        return False
    return index[:1] == ["track_id"] and _FMA["genre"] in set(zip(upper, lower, strict=False))


def _fma(path: Path, *, subset: str | None) -> Iterator[Entry]:
    if subset is not None and subset not in FMA_SUBSETS:
        raise CorpusError(f"subset is {subset!r}; valid: {', '.join(FMA_SUBSETS)}")
    wanted = FMA_SUBSETS if subset is None else FMA_SUBSETS[: FMA_SUBSETS.index(subset) + 1]
    with path.open(encoding="utf-8-sig", newline="") as file:
        records = tables.lines(file)
        upper, lower, _ = (next(records)[1] for _ in range(3))
        headings = list(zip(upper, lower, strict=False))
        missing = [".".join(names) for names in _FMA.values() if names not in headings]
        if missing:
            raise CorpusError(f"{path} lacks column {', '.join(missing)} of FMA's tracks.csv")
        places = {key: headings.index(names) for key, names in _FMA.items()}
        for where, cells in records:
            if not cells:
                continue
            row = {key: cells[at].strip() for key, at in places.items() if at < len(cells)}
            if (
                len(cells) != len(headings)
                or len(row) < len(places)
                or not cells[0].isdecimal()
                or row["split"].casefold() not in PARTS
            ):
                raise CorpusError(f"{path}, {where}: is no row of FMA's tracks.csv")
            if row["genre"] and row["subset"] in wanted:
                number = int(cells[0])
                # Albums of one title are not one album.
                album = f"{row['album']} [{row['album_id']}]" if row["album"] else ""
                yield Entry(
                    f"{number // 1000:03d}/{number:06d}.mp3",
                    row["genre"],
                    artist=row["artist"],
                    album=album,
                    title=row["title"],
                    part=PARTS[row["split"].casefold()],
                    where=where,
                )
