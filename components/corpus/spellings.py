"""A mapping file: which spellings of a genre are one, and which are no genre at all."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from components.core.errors import CorpusError

VALID = "valid: CSV with the columns spelling and genre, where an empty genre leaves its spelling out"


def read(path: Path) -> dict[str, str]:
    """Read a mapping file.

    Parameters
    ----------
    path : Path
        CSV with the columns ``spelling`` and ``genre``. Case, and spaces at the ends, make no difference in a spelling.

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
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if missing := {"spelling", "genre"} - set(rows.fieldnames or ()):
                raise CorpusError(f"{path} lacks column {', '.join(sorted(missing))}; {VALID}")
            for row in rows:
                spelling, genre = key(row["spelling"] or ""), (row["genre"] or "").strip()
                if found.setdefault(spelling, genre) != genre:
                    raise CorpusError(
                        f"{path}, line {rows.line_num}: {row['spelling']!r} is {genre!r} here and {found[spelling]!r} "
                        "before; valid: one genre a spelling"
                    )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path} cannot be read ({' '.join(str(error).split())}); {VALID}") from error
    return found


def key(spelling: str) -> str:
    """Return what a spelling is found by."""
    return " ".join(spelling.split()).casefold()


def merged(genre: str, *, spellings: Mapping[str, str]) -> str:
    """Return a genre by the name that a mapping gives it, itself where it gives none."""
    return spellings.get(key(genre), " ".join(genre.split()))
