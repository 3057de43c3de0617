"""Hashes of a watched folder's files, kept from run to run: what is the same as before is not read again."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

from components.core import atomic, hashing, progress
from components.core.progress import Place
from components.corpus.known_files import FRESH, stamp


def hashes(files: Sequence[Path], *, kept: Path, to: Place = None) -> tuple[dict[Path, str], dict[Path, str]]:
    """Hash files; those with the stamp (:func:`components.corpus.known_files.stamp`) of an earlier run are known.

    Parameters
    ----------
    files : sequence of Path
        The files.
    kept : Path
        The JSON file that keeps what is known; without it, or where it is damaged, all files are read.
    to : TextIO or callable, optional
        Where progress is shown; see :func:`components.core.progress.counted`.

    Returns
    -------
    hashes : dict of Path to str
        SHA-256 of each.
    unread : dict of Path to str
        Files that cannot be read, with the reason.
    """
    found: dict[Path, str] = {}
    unread: dict[Path, str] = {}
    before, now, began = _read(kept), dict[str, tuple[str, str]](), time.time_ns()
    new = []
    for file in files:
        try:
            stamped, sha256 = before.get(str(file), ("", ""))
            if stamped == stamp(file.stat()):
                found[file], now[str(file)] = sha256, (stamped, sha256)
            else:
                new.append(file)
        except OSError as error:
            unread[file] = _why(error)
    for file in progress.each(new, "reading", total=len(new), unit="new files", to=to):
        try:
            status = file.stat()
            found[file] = hashing.file(file)
        except OSError as error:
            unread[file] = _why(error)
            continue
        # The time of one that was just written may not show it from what it is a moment later.
        if status.st_mtime_ns < began - FRESH:
            now[str(file)] = (stamp(status), found[file])
    if now != before:
        # In ASCII, with escapes: a file's name need not be UTF-8.
        with atomic.replacing(kept) as path:
            path.write_text(json.dumps(now), encoding="ascii")
    return {file: found[file] for file in files if file in found}, unread


def _read(kept: Path) -> dict[str, tuple[str, str]]:
    try:
        content = json.loads(kept.read_bytes())
        return {str(name): (str(stamped), str(sha256)) for name, (stamped, sha256) in content.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
