"""What a result was made of: the hashes DVC knows its data by, and the commit of the code."""

from __future__ import annotations

import subprocess
from pathlib import Path

#: Where a path is looked for that DVC does not know: its stage was run by hand.
UNKNOWN = "not in dvc.lock"
#: What makes results besides params.yaml and data.
CODE = ("components", "flows", "dvc.yaml")


def hashes(root: Path = Path()) -> dict[str, str]:
    """Read the hash of all that DVC's stages read and wrote.

    Parameters
    ----------
    root : Path
        The project's root.

    Returns
    -------
    dict of str to str
        MD5 by path, as DVC keeps it in ``dvc.lock``; of a folder it ends in ``.dir``. Empty without that file.
    """
    import yaml

    lock = root / "dvc.lock"
    if not lock.is_file():
        return {}
    stages = (yaml.safe_load(lock.read_text(encoding="utf-8")) or {}).get("stages") or {}
    entries = [
        entry for stage in stages.values() for kind in ("deps", "outs") for entry in stage.get(kind, [])
    ]
    return {entry["path"]: str(entry["md5"]) for entry in entries if "md5" in entry}


def commit(root: Path = Path()) -> tuple[str, bool]:
    """Say which code is running.

    Parameters
    ----------
    root : Path
        The project's root.

    Returns
    -------
    commit : str
        Git's, ``''`` outside a repository.
    changed : bool
        Whether :data:`CODE` differs from it.
    """

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    found = git("rev-parse", "HEAD")
    changed = bool(found) and bool(git("status", "--porcelain", "--untracked-files=no", "--", *CODE))
    return found, changed
