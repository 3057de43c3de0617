"""What DVC's configuration says, of all its files together, by DVC's own commands."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from flows.process import commands


@dataclass(frozen=True)
class Remote:
    """A place that DVC pushes to and pulls from: its name, and its URL or absolute path."""

    name: str
    url: str


def cache_folder(root: Path) -> Path:
    """Return where the project's cache lies.

    Raises
    ------
    CalledProcessError
        If DVC cannot read the project.
    """
    return Path(_output("cache", "dir", root=root))


def default_remote(root: Path) -> Remote | None:
    """Return the project's default remote, or None where it has none."""
    name = _output("config", "core.remote", root=root, check=False)
    url = _output("config", f"remote.{name}.url", root=root, check=False) if name else ""
    if not url:
        return None
    # As DVC does: a relative folder is below the file that names it.
    return Remote(name, url if urlsplit(url).scheme else str((root / ".dvc" / url).resolve()))


def _output(*words: str, root: Path, check: bool = True) -> str:
    done = subprocess.run(
        ["dvc", *words], cwd=root, env=commands.environment(), capture_output=True, text=True, check=check
    )
    return done.stdout.strip()
