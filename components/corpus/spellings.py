"""A mapping file: which spellings of a genre are one, and which are no genre at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from components.core.errors import CorpusError
from components.corpus import tables

VALID = "valid: one genre a spelling, empty where it is none"


def read(path: Path) -> dict[str, str]:
    """Read a mapping file.

    Parameters
    ----------
    path : Path
        A table with the columns ``spelling`` and ``genre``, see :mod:`components.corpus.tables`. Case, and spaces at
        the ends, make no difference in a spelling.

    Returns
    -------
    dict of str to str
        Genre, or ``''`` for what is left out, by :func:`key`.

    Raises
    ------
    CorpusError
        If it cannot be read, lacks a column, or gives one spelling two genres.
    """
    found: dict[str, str] = {}
    for where, row in tables.rows(path, needed=("spelling", "genre")):
        spelling, genre = key(row["spelling"]), row["genre"]
        if found.setdefault(spelling, genre) != genre:
            raise CorpusError(
                f"{path}, {where}: {row['spelling']!r} is {genre!r} here and {found[spelling]!r} before; {VALID}"
            )
    return found


def key(spelling: str) -> str:
    """Return what a spelling is found by."""
    return " ".join(spelling.split()).casefold()


def merged(genre: str, *, spellings: Mapping[str, str]) -> str:
    """Return a genre by the name that a mapping gives it, itself where it gives none."""
    return spellings.get(key(genre), " ".join(genre.split()))
