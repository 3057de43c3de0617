"""Lineage of results: DVC's hashes of data, and the commit of the code."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

#: In place of the hash of a path that DVC does not know: its stage was run by hand.
UNKNOWN = "not in dvc.lock"
#: What makes results besides params.yaml and data.
CODE = ("components", "flows", "dvc.yaml")
#: Beside code that was copied into an image: its commit, as ``git describe --always --dirty --abbrev=40`` names it.
REVISION = ".revision"
_DIRTY = "-dirty"


def hashes(root: Path = Path()) -> dict[str, str]:
    """Read the MD5 of all that DVC's stages read and wrote, by path: from ``dvc.lock``; empty without one.

    That of a folder ends in ``.dir``.
    """
    from components.core.yaml_loader import load_yaml

    lock = root / "dvc.lock"
    if not lock.is_file():
        return {}
    stages = (load_yaml(lock.read_text(encoding="utf-8")) or {}).get("stages") or {}
    entries = [
        entry for stage in stages.values() for kind in ("deps", "outs") for entry in stage.get(kind, [])
    ]
    return {entry["path"]: str(entry["md5"]) for entry in entries if "md5" in entry}


def commit(root: Path = Path()) -> tuple[str, bool]:
    """Return the commit of the code, ``''`` where it is not known, and whether :data:`CODE` differs from it.

    It is Git's; in an image, which has neither Git nor a repository, that of :data:`REVISION`.
    """
    if (root / REVISION).is_file():
        noted = (root / REVISION).read_text(encoding="utf-8").strip()
        return noted.removesuffix(_DIRTY), noted.endswith(_DIRTY)
    if shutil.which("git") is None:
        return "", False

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    found = git("rev-parse", "HEAD")
    changed = bool(found) and bool(git("status", "--porcelain", "--untracked-files=no", "--", *CODE))
    return found, changed
