"""Entries of ``dvc.lock`` that travel between clones: what a stage read and made, put in as DVC itself writes it."""

from __future__ import annotations

import io
import time
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Any

from components.core import atomic
from components.core.errors import GenreError

LOCK = "dvc.lock"
#: What DVC 3 locks while it writes ``dvc.lock``, and seconds between two tries and to wait for it: it holds it while it
#: hashes, and not while a stage runs.
DVC_LOCK, LOOK, LIMIT = Path(".dvc") / "tmp" / "lock", 0.1, 600.0


class LockError(GenreError):
    """DVC's lock of a project is not free."""


def round_trip() -> Any:
    """Return a reader and writer of YAML in which values keep their type, as DVC's own."""
    from ruamel.yaml import YAML

    return YAML()


def read(root: Path, *, stages: Collection[str]) -> str:
    """Return the entries of some stages as the text of a ``dvc.lock``; those that have none are left out."""
    path, yaml, text = root / LOCK, round_trip(), io.StringIO()
    document: dict[str, Any] = yaml.load(path) if path.is_file() else {"schema": "2.0", "stages": {}}
    document["stages"] = {name: entry for name, entry in document["stages"].items() if name in stages}
    yaml.dump(document, text)
    return text.getvalue()


def put(text: str, *, root: Path) -> None:
    """Put the entries of another ``dvc.lock`` into a project's, each in place of its own.

    Raises
    ------
    LockError
        If a command of DVC does not let go of the project.
    """
    from zc.lockfile import LockError as TakenError
    from zc.lockfile import LockFile

    path, yaml = root / LOCK, round_trip()
    (root / DVC_LOCK).parent.mkdir(parents=True, exist_ok=True)
    limit = time.monotonic() + LIMIT
    while True:
        try:
            taken = LockFile(str(root / DVC_LOCK))
            break
        except TakenError as error:
            if time.monotonic() > limit:
                raise LockError(f"a command of DVC has held {DVC_LOCK} for {LIMIT:g} s; end it") from error
            time.sleep(LOOK)
    with closing(taken):
        given = yaml.load(text)
        document = yaml.load(path) if path.is_file() else {"schema": given["schema"], "stages": {}}
        document["stages"].update(given["stages"])
        with atomic.replacing(path) as partial, partial.open("w", encoding="utf-8") as file:
            yaml.dump(document, file)
