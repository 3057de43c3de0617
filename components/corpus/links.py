"""Where the links of a collection may lead: within it, into DVC's own cache, and elsewhere where params say so."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: What ends the fault of a link that is not followed.
REMEDY = "corpus.follow_links: true follows it"
#: The fault of a link to a folder that is not entered.
FOLDER = f"link to a folder: {REMEDY}"
_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
_KINDS |= dict.fromkeys((stat.S_IFBLK, stat.S_IFCHR), "a device")


@dataclass(frozen=True)
class Reach:
    """Where links may lead.

    Attributes
    ----------
    folders : tuple of Path
        Resolved folders within which they may.
    everywhere : bool
        Whether they may lead to any regular file or folder.
    """

    folders: tuple[Path, ...]
    everywhere: bool = False

    @classmethod
    def of(cls, folder: Path, *, follow_links: bool = False) -> Reach:
        """Return the reach of a collection's links."""
        return cls((folder.resolve(), *_caches(folder)), follow_links)

    def forbids(self, path: Path) -> str:
        """Return why a path must not be opened, or '' if it may be."""
        try:
            target = path.resolve(strict=True)
            kind = target.stat().st_mode
        except FileNotFoundError:
            return (
                "link to a file that does not exist" if path.is_symlink() else "vanished during the listing"
            )
        except RuntimeError:  # Python 3.11 and 3.12; a later one raises OSError with ELOOP
            return "link that leads in a circle"
        except OSError as error:
            circle = error.errno == errno.ELOOP
            return (
                "link that leads in a circle" if circle else f"not readable: {(error.strerror or '').lower()}"
            )
        if not stat.S_ISREG(kind):
            # A device is one, wherever it is; a folder elsewhere could be entered.
            outside = not any(target.is_relative_to(folder) for folder in self.folders)
            if not stat.S_ISDIR(kind) or not outside or self.everywhere:
                return irregular(kind)
        if not self.everywhere and not any(target.is_relative_to(folder) for folder in self.folders):
            return f"link out of the corpus: {REMEDY}"
        return ""


def walk(
    folder: Path, *, follow: bool, failed: Callable[[OSError], None]
) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Walk through a folder and those below it, each once, in order of name; what is hidden is left out.

    Parameters
    ----------
    folder : Path
        Where to begin.
    follow : bool
        Whether links to folders are entered.
    failed : callable
        Called with the error where a folder cannot be read.

    Yields
    ------
    place : Path
        A folder.
    names : list of str
        Its files.
    linked : list of str
        Links in it to folders that are not entered.
    """
    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, onerror=failed, followlinks=follow):
        status = Path(place).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        linked = [] if follow else [name for name in folders if Path(place, name).is_symlink()]
        yield Path(place), sorted(name for name in names if not name.startswith(".")), linked


def irregular(kind: int) -> str:
    """Return the fault of what is no regular file, by its mode."""
    return f"not a regular file: {_KINDS.get(stat.S_IFMT(kind), 'of an unknown kind')}"


def _caches(folder: Path) -> Iterator[Path]:
    """Yield the folders in which DVC keeps files that a collection may consist of links to (``cache.type symlink``)."""
    places = {Path.cwd(), folder.absolute(), folder.resolve()}
    repositories = {above / ".dvc" for place in places for above in (place, *place.parents)}
    for repository in sorted(repositories):
        if (repository / "config").is_file():
            yield (repository / "cache").resolve()
            yield from _named_cache(repository)


def _named_cache(repository: Path) -> Iterator[Path]:
    if not any(
        "dir" in path.read_text(errors="replace") for path in repository.glob("config*") if path.is_file()
    ):
        # Reading the file by DVC takes a fifth of a second.
        return
    from dvc.config import Config, ConfigError

    try:
        named: Any = dict(Config(dvc_dir=os.fspath(repository))).get("cache", {}).get("dir")
    except ConfigError:
        return
    if named:
        yield (repository / str(named)).resolve()
