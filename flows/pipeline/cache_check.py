"""Check of outputs that DVC restored from its cache: hashed again, since DVC trusts what is write-protected."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from components.core.yaml_loader import load_yaml
from flows.pipeline import dvc_config

#: Ending of the hash of a folder: its object lists the folder's files.
FOLDER = ".dir"


@dataclass(frozen=True)
class Damage:
    """A restored file that is not what was kept, and the hash of the cached object that it came from."""

    path: Path
    recorded: str


def damaged(stage: str, *, root: Path) -> list[Damage]:
    """Compare a stage's outputs with the hashes in ``dvc.lock``.

    Parameters
    ----------
    stage : str
        A stage that DVC has just restored.
    root : Path
        The project's root.

    Returns
    -------
    list of Damage
        Empty where all is well.
    """
    recorded = load_yaml((root / "dvc.lock").read_text(encoding="utf-8"))["stages"][stage]
    return [
        wrong
        for out in recorded.get("outs", [])
        if "md5" in out
        for wrong in _wrong(root / out["path"], out["md5"], root=root)
    ]


def forget(damages: list[Damage], *, root: Path) -> None:
    """Remove damaged files, and what they came from in the cache, so that they can be made anew.

    Parameters
    ----------
    damages : list of Damage
        From :func:`damaged`.
    root : Path
        The project's root.
    """
    for damage in damages:
        _object(damage.recorded, root=root).unlink(missing_ok=True)
        if damage.path.is_file():
            damage.path.unlink()


def _wrong(path: Path, recorded: str, *, root: Path) -> Iterator[Damage]:
    if not recorded.endswith(FOLDER):
        if _md5(path) != recorded:
            yield Damage(path, recorded)
        return
    listed = _object(recorded, root=root)
    if _md5(listed) != recorded.removesuffix(FOLDER):
        yield Damage(path, recorded)
        return
    for entry in json.loads(listed.read_text(encoding="utf-8")):
        if _md5(path / entry["relpath"]) != entry["md5"]:
            yield Damage(path / entry["relpath"], entry["md5"])


def _md5(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _object(recorded: str, *, root: Path) -> Path:
    # Layout of DVC 3: <cache>/files/md5/<first two digits>/<the others>.
    return dvc_config.cache_folder(root) / "files" / "md5" / recorded[:2] / recorded[2:]
