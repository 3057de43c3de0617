"""One flow at a time in a workspace, and nothing of a killed one in the way of the next."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any

from components.core import atomic
from components.core.errors import GenreError

#: The lock file, below the project's root. The operating system holds the lock, not the file's existence.
LOCK = Path("data") / ".flow.lock"
#: Temporary files of a flow and its stages.
SCRATCH = Path("data") / ".tmp"
#: Seconds between two tries to take the lock.
LOOK = 0.2


class BusyError(GenreError):
    """Another flow works in this workspace."""


class Holder:
    """The lock, while it is held.

    Attributes
    ----------
    previous : dict
        What the last holder had noted and never cleared, because it was killed; else empty. Its ``flow_run`` is
        handed on to the next holder until somebody takes it out, having closed that run.
    stamp : int or None
        :func:`stamp` of when the lock was taken; None where another flow was waited for, or a killed DVC command had
        left its table.
    """

    def __init__(self, file: IO[str], previous: dict[str, Any], *, stamp: int | None = None) -> None:
        self._file = file
        self.previous = previous
        self.stamp = stamp

    def fileno(self) -> int:
        """Return the descriptor. A supervisor that inherits it keeps the workspace locked until it has ended."""
        return self._file.fileno()

    def note(self, **noted: Any) -> None:
        """Replace the note of the holder in the lock file.

        Parameters
        ----------
        **noted : JSON values
            Such as ``pid`` and ``flow_run``.
        """
        if run := self.previous.get("flow_run"):
            noted.setdefault("flow_run", run)
        self._file.seek(0)
        self._file.truncate()
        if noted:
            json.dump(noted, self._file)
        self._file.flush()


def _noted(file: IO[str]) -> dict[str, Any]:
    file.seek(0)
    try:
        noted = json.loads(file.read() or "{}")
    except json.JSONDecodeError:
        return {}  # its writer was killed in the middle of the note; the lock itself is not in the text
    return noted if isinstance(noted, dict) else {}


def stamp(root: Path) -> int | None:
    """Return what two looks at a workspace have in common if no flow worked there in between.

    Parameters
    ----------
    root : Path
        The project's root.

    Returns
    -------
    int or None
        None where a flow works there now, or was killed there: then nothing is known.
    """
    try:
        found = (root / LOCK).stat()
    except OSError:
        return 0  # no flow has worked there yet
    # Each holder writes a note and clears it at its end.
    return None if found.st_size else found.st_mtime_ns


#: The locks this process holds, by file.
_held: dict[Path, Holder] = {}


@contextmanager
def held(root: Path, *, wait: float, report: Callable[[str], None] = lambda _line: None) -> Iterator[Holder]:
    """Hold the workspace for one flow. Within a block of the same process the same lock is given again.

    Parameters
    ----------
    root : Path
        The project's root.
    wait : float
        Seconds to wait for another flow to end.
    report : callable
        Takes one line, where there is something to wait for.

    Yields
    ------
    Holder
        The lock.

    Raises
    ------
    BusyError
        If another flow still holds it after ``wait`` seconds, or the lock file cannot be written.
    """
    path = (root / LOCK).resolve()
    if path in _held:
        yield _held[path]
        return
    before = stamp(root)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise BusyError(
            f"{LOCK} cannot be written ({error.strerror}); make {path.parent} writable"
        ) from error
    with file:
        waited = _take(file, wait=wait, report=report)
        holder = _held[path] = Holder(file, _noted(file), stamp=None if waited else before)
        try:
            holder.note(pid=os.getpid())
            with _scratch(root):
                yield holder
        finally:
            # Not reached after SIGKILL: the next holder then sees what this one had noted.
            holder.note()
            del _held[path]


@contextmanager
def _scratch(root: Path) -> Iterator[None]:
    """Give this process, and all it starts, a folder for temporary files that the next holder empties.

    What a killed stage had half-written beside its outputs is removed too. Only for the holder of the
    workspace: then no stage of an earlier flow is alive.
    """
    for left in (root / "data").rglob(f"{atomic.PARTIAL}*"):
        atomic.sweep(left.parent)
    folder = (root / SCRATCH).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None  # read anew from TMPDIR
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        tempfile.tempdir = None
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before


def _take(file: IO[str], *, wait: float, report: Callable[[str], None]) -> bool:
    """Take the lock; return whether another flow had it."""
    limit = time.monotonic() + wait
    reported = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise BusyError(f"{LOCK} cannot be locked ({error.strerror})") from error
        else:
            return reported
        other = f"another flow (process {_noted(file).get('pid', 'unknown')}) works in this workspace"
        if time.monotonic() >= limit:
            raise BusyError(
                f"{other}; wait for it to end, or set GENRE_WAIT to the seconds to wait (now {wait:g})"
            )
        if not reported:
            report(f"{other}; waiting up to {wait:g} s")
            reported = True
        time.sleep(LOOK)


def clear_dvc_locks(root: Path) -> list[str]:
    """Remove what a killed DVC process left in DVC's table of files in use; return one line if there was any.

    DVC 3.67 locks ``.dvc/tmp/lock`` by the operating system, so that one ends with its process. Its table of
    readers and writers (``.dvc/tmp/rwlock``, JSON by process id) does not: DVC skips entries of processes that
    are gone, but trips over an id in use again by another program, and over a table cut short by the kill.
    Call this while the workspace is held: then a table without a living DVC process in it is stale.
    """
    from zc.lockfile import LockError, LockFile

    table = root / ".dvc" / "tmp" / "rwlock"
    if not table.exists():
        return []
    try:
        with closing(LockFile(str(table.with_name("rwlock.lock")))):
            try:
                entries = json.loads(table.read_text(encoding="utf-8"))
                infos = chain(entries.get("write", {}).values(), *entries.get("read", {}).values())
                pids = {int(info["pid"]) for info in infos}
            except (ValueError, TypeError, KeyError, AttributeError):
                pids = None  # cut short by the kill
            if pids == set() or any(_is_dvc(pid) for pid in pids or ()):
                return []
            table.unlink()
            return [f"removed {table.relative_to(root)}: left by a DVC command that was killed"]
    except LockError:
        return []  # a living DVC command is editing the table this moment


def _is_dvc(pid: int) -> bool:
    import psutil

    try:
        return any("dvc" in Path(part).name for part in psutil.Process(pid).cmdline())
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True  # another person's process: leave its entry
