"""Lineage of results: DVC's hashes of data, and the commit of the code."""

from __future__ import annotations

import subprocess
from pathlib import Path

#: In place of the hash of a path that DVC does not know: its stage was run by hand.
UNKNOWN = "not in dvc.lock"
#: What makes results besides params.yaml and data.
CODE = ("components", "flows", "dvc.yaml")


def hashes(root: Path = Path()) -> dict[str, str]:
    """Read the MD5 of all that DVC's stages read and wrote, by path: from ``dvc.lock``; empty without one.

    That of a folder ends in ``.dir``.
    """
    import yaml

    lock = root / "dvc.lock"
    if not lock.is_file():
        return {}
    # libyaml reads ten times as fast as Python; a wheel for another machine may lack it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    stages = (yaml.load(lock.read_text(encoding="utf-8"), Loader=loader) or {}).get("stages") or {}
    entries = [
        entry for stage in stages.values() for kind in ("deps", "outs") for entry in stage.get(kind, [])
    ]
    return {entry["path"]: str(entry["md5"]) for entry in entries if "md5" in entry}


def commit(root: Path = Path()) -> tuple[str, bool]:
    """Return Git's commit, ``''`` outside a repository, and whether :data:`CODE` differs from it."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    found = git("rev-parse", "HEAD")
    changed = bool(found) and bool(git("status", "--porcelain", "--untracked-files=no", "--", *CODE))
    return found, changed
