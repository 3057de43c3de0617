"""What was written into which file, kept before it is written, so that it can be undone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from filelock import FileLock, Timeout

from components.core.errors import TaggingError

#: Below the data folder: one file a run, by its start.
FOLDER = "tagging"


@dataclass(frozen=True)
class Change:
    """One field of one file, before and after.

    Attributes
    ----------
    file : str
        Absolute path.
    field : str
        See :func:`components.tagging.fields.check`.
    before, after : tuple of str
        Values in the tags that are written, see :class:`components.tagging.tags.Held`.
    tagged : bool
        Whether the file had tags before.
    """

    file: str
    field: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    tagged: bool


@contextmanager
def locked(root: Path) -> Iterator[Path]:
    """Keep other runs of this workspace from writing tags, and yield the folder of journals.

    Raises
    ------
    TaggingError
        If another run writes tags.
    """
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "lock").acquire(timeout=0):
            yield folder
    except Timeout as error:
        raise TaggingError("another `genre tag` is writing; valid: to wait for its end") from error


class Journal:
    """A new journal, made with its first change.

    Parameters
    ----------
    folder : Path
        From :func:`locked`.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%f}Z.jsonl"
        self._file: TextIO | None = None

    def add(self, change: Change) -> None:
        """Note what is about to be written; it is on the disk when this returns."""
        if self._file is None:
            self._file = self.path.open("x", encoding="utf-8")
        # In ASCII: a file's name need not be UTF-8.
        self._file.write(json.dumps(asdict(change)) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close its file, if there is one."""
        if self._file is not None:
            self._file.close()


def newest(folder: Path) -> Path:
    """Find the journal of the last run that was not undone.

    Raises
    ------
    TaggingError
        If there is none.
    """
    journals = sorted(folder.glob("*.jsonl"))
    if not journals:
        raise TaggingError(f"{folder} holds no journal of tags that were written; there is nothing to undo")
    return journals[-1]


def read(path: Path) -> list[Change]:
    """Read a journal, in order; a last line that a killed run left unfinished was never written to a file.

    Raises
    ------
    TaggingError
        If another line cannot be read.
    """
    lines = path.read_bytes().split(b"\n")
    changes = []
    # What follows the last newline is empty, or half a line.
    for number, line in enumerate(lines[:-1], start=1):
        try:
            given = json.loads(line)
            changes.append(
                Change(**{**given, "before": tuple(given["before"]), "after": tuple(given["after"])})
            )
        except (ValueError, KeyError, TypeError) as error:
            raise TaggingError(f"{path}: line {number} is not of a journal; nothing was undone") from error
    return changes


def undone(path: Path) -> None:
    """Mark a journal as undone, so that the next undo takes the one before."""
    path.replace(path.with_suffix(".undone"))
