"""Write beside, then rename: a reader sees the old file or the new one, never half of one."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from components.core import processes
from components.core.errors import ParamsError

PARTIAL = ".partial-"
#: Longest name of a file on the file systems in use (NAME_MAX of Linux), in bytes.
LONGEST_NAME = 255


def prefix() -> str:
    """Return how the names of this process's half-written files begin, so that :func:`sweep` knows them."""
    return f"{PARTIAL}{processes.own()}-"


def _beside(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep_first(target.parent.absolute())
    start = f"{prefix()}{secrets.token_hex(4)}-"
    # The name ends as the target does: several writers choose the format by the file's ending.
    ending = os.fsencode(target.name)[len(start) - LONGEST_NAME :]
    return target.with_name(start + os.fsdecode(ending))


@lru_cache(maxsize=1024)
def _sweep_first(folder: Path) -> None:
    """Sweep a folder when this process first writes there: each file anew would cost a walk through all others."""
    sweep(folder)


def sweep(folder: Path) -> None:
    """Remove what killed processes left half-written.

    Parameters
    ----------
    folder : Path
        Looked at one level deep.
    """
    for path in abandoned(folder):
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def abandoned(folder: Path) -> list[Path]:
    """List what killed processes left half-written in a folder, as :func:`sweep` would remove it."""
    found = []
    for path in sorted(folder.glob(f"{PARTIAL}*")):
        pid, _, rest = path.name.removeprefix(PARTIAL).partition("-")
        if not processes.alive(f"{pid}-{rest.partition('-')[0]}"):
            found.append(path)
    return found


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a path to write a file to; on a clean exit it takes the place of ``target``.

    Parameters
    ----------
    target : Path
        The file to make or replace. Its folder is made where missing.

    Yields
    ------
    Path
        A fresh name in the same folder. After an exception the file of that name is removed.

    Raises
    ------
    OSError
        If it cannot be written: naming ``target``, not the fresh name, which nobody knows.
    """
    temporary = _beside(Path(target))
    try:
        yield temporary
        temporary.replace(target)
    except OSError as error:
        if str(error.filename) == str(temporary):
            error.filename, error.filename2 = str(target), None
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder; on a clean exit it takes the place of the folder ``target``.

    Parameters
    ----------
    target : Path
        The folder to make or replace.

    Yields
    ------
    Path
        A fresh, empty folder beside ``target``. After an exception it is removed, ``target`` is untouched.
    """
    target = Path(target)
    temporary, old = _beside(target), _beside(target)
    temporary.mkdir()
    try:
        yield temporary
        # Two renames: a kill between them is the only moment at which there is neither.
        if target.exists():
            target.replace(old)
        try:
            temporary.replace(target)
        except OSError:
            old.replace(target)
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def check_place(target: Path, *, option: str, folder: bool = False) -> None:
    """Refuse a file or folder that somebody names and that cannot be written, before any work.

    What is named is made; the folder that it lies in has to be there, so that a slip of the pen makes no folders.

    Parameters
    ----------
    target : Path
        It need not exist.
    option : str
        Where it was given, such as ``--out``.
    folder : bool
        Whether it is a folder that files are written to.

    Raises
    ------
    ParamsError
        If what it would lie in is missing, no folder, or cannot be written; or something else has its name.
    """
    kind = "folder" if folder else "file"
    above = target if folder and target.is_dir() else target.absolute().parent
    if not above.is_dir():
        why = f"{above} {'is no folder' if above.exists() else 'does not exist'}"
    elif not os.access(above, os.W_OK | os.X_OK):
        why = f"{above} cannot be written"
    elif target.exists() and not (target.is_dir() if folder else target.is_file()):
        # Also no device: what is written takes its place.
        why = f"that is no {kind}"
    else:
        return
    raise ParamsError(
        f"{option} is {target}, and {why}; valid: a {kind} in a folder that exists and can be written"
    )


def write_json(target: Path, value: Any) -> None:
    """Write ``value`` as indented JSON with sorted keys, whole or not at all.

    Parameters
    ----------
    target : Path
        The file to make or replace.
    value : Any
        Anything :func:`json.dumps` takes. NaN and infinity are refused: they are not JSON.

    Raises
    ------
    ValueError
        If ``value`` holds NaN or infinity.
    """
    text = json.dumps(value, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False)
    with replacing(target) as path:
        path.write_text(text + "\n", encoding="utf-8")
