"""A tag written into a copy beside the file, which takes its place if the file is still the one that was read."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from components.core import atomic
from components.core.errors import TaggingError
from components.tagging import tags


class State(NamedTuple):
    """What a file is known by as long as nobody changes it."""

    size: int
    modified: int
    inode: int


def state(path: Path) -> State:
    """Return a file's state.

    Raises
    ------
    TaggingError
        If there is no such file.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise TaggingError((error.strerror or str(error)).lower()) from error
    return State(found.st_size, found.st_mtime_ns, found.st_ino)


def check(path: Path) -> None:
    """Check that a file can be written, as far as that shows before it is.

    Raises
    ------
    TaggingError
        If it or its folder is read-only, or its tags cannot be written.
    """
    if not os.access(path.resolve().parent, os.W_OK | os.X_OK):
        raise TaggingError("its folder is read-only; it was left alone")
    if not stat.S_IMODE(path.stat().st_mode) & 0o222:
        raise TaggingError("read-only; it was left alone")
    tags.check_file(path)


def write(
    path: Path,
    values: Sequence[str],
    *,
    field: str,
    expected: State,
    tagged: bool = True,
    note: Callable[[], None] = lambda: None,
) -> None:
    """Write a field into a file's tags; the sound and all other tags stay what they were.

    A link is followed: what it points to is written. A file with several hard links becomes one of its own, so that
    what shares its bytes (DVC's cache, a backup) keeps them.

    Parameters
    ----------
    path : Path
        The file.
    values : sequence of str
        See :func:`components.tagging.tags.write`.
    field : str
        The field.
    expected : State
        From :func:`state`, before the file was decoded.
    tagged : bool
        Whether the file is to have tags where nothing is left in them.
    note : callable
        Called when all is ready and only the rename is left.

    Raises
    ------
    TaggingError
        If the file is read-only, has changed, or its tags cannot be written. It is then untouched.
    """
    try:
        target = path.resolve()
        check(target)
        with atomic.replacing(target) as copy:
            shutil.copy2(target, copy)
            # It is our file now; the owner of the old one keeps the new one.
            owner = target.stat()
            if (owner.st_uid, owner.st_gid) != (copy.stat().st_uid, copy.stat().st_gid):
                os.chown(copy, owner.st_uid, owner.st_gid)
            others = tags.others(copy, field=field)
            tags.write(copy, values, field=field, tagged=tagged)
            if tags.read(copy, field=field).own != tuple(values):
                raise TaggingError(f"its tags do not keep {', '.join(values)}; it was left alone")
            if tags.others(copy, field=field) != others:
                raise TaggingError("its other tags would not stay what they are; it was left alone")
            with copy.open("rb") as written:
                os.fsync(written.fileno())
            if state(target) != expected:
                raise TaggingError("changed meanwhile; it was left alone")
            note()
    except OSError as error:
        raise TaggingError(f"{(error.strerror or str(error)).lower()}; it was left alone") from error
