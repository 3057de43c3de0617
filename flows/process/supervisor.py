"""Supervisor of one command: no process of it is left behind, whatever becomes of the process that started it.

Started as a script (``python -I -S supervisor.py COMMAND ...``), so it imports the standard library only and is up
in 20 ms. Its standard input is a pipe that only its parent holds: when the parent closes it, or dies in any
way, SIGKILL included, the pipe ends and the supervisor stops the command and everything the command started.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

#: Seconds that each signal is given before the next, harder one. An interrupt lets Python code run its
#: ``finally`` blocks; all three together stay below the ten seconds in which a stop is promised.
STEPS = ((signal.SIGINT, 3.0), (signal.SIGTERM, 1.0), (signal.SIGKILL, 1.0))
#: Seconds between two looks at which processes are left.
LOOK = 0.05
#: prctl options of Linux (linux/prctl.h).
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


class Child(Protocol):
    """A child process: ``subprocess.Popen``, or what behaves as one."""

    returncode: int | None

    def poll(self) -> int | None:
        """Reap it if it has ended; return its exit status, -N for signal N, or None."""


def _prctl(option: int, value: int) -> None:
    # Linux only. Elsewhere the process group alone shows what belongs to the command.
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def die_with_supervisor() -> None:
    """Let SIGKILL end this process, just begun, once the one that began it has ended."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _parents() -> dict[int, int]:
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # ended between the listing and the reading
        if fields[0] not in ("Z", "X"):
            parents[int(entry.parent.name)] = int(fields[1])
    return parents


def descendants(pid: int) -> set[int]:
    """Return the living processes below one process.

    Parameters
    ----------
    pid : int
        The process. It is not among them.

    Returns
    -------
    set of int
        Process ids; empty where there is no ``/proc``.
    """
    parents = _parents()
    found: set[int] = set()
    fresh = {pid}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found


def _signal(number: int) -> None:
    below = descendants(os.getpid())
    for pid in below:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue  # ended in between
    if not below and sys.platform != "linux":
        os.killpg(0, number)


def _reap(child: Child) -> None:
    # Processes whose own parent died are handed to the supervisor (subreaper); unreaped they would stay zombies.
    child.poll()
    while child.returncode is not None:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return


def _clear(child: Child, steps: tuple[tuple[int, float], ...]) -> None:
    for number, seconds in steps:
        _signal(number)
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            _reap(child)
            if child.returncode is not None and not descendants(os.getpid()):
                return
            time.sleep(LOOK)


def supervise(begin: Callable[[], Child], *, stop: int) -> int:
    """Begin a child and wait until it ends, or a descriptor or a signal says to stop; then end all below this process.

    Parameters
    ----------
    begin : callable
        Starts the child.
    stop : int
        A descriptor that ends, or fails, when the child is to be stopped.

    Returns
    -------
    int
        The child's exit status; 128 + N where signal N ended it.
    """
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    received: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda sent, _frame: received.append(sent))
    signal.signal(signal.SIGCHLD, lambda _sent, _frame: None)
    child = begin()
    while child.poll() is None and not received:
        ready, _, _ = select.select([stop, wake_read], [], [])
        if wake_read in ready:
            os.read(wake_read, 512)
        if stop in ready and not _goes_on(stop):
            break
    # After a normal end only strays are left: nothing of theirs is worth a gentle stop.
    _clear(child, STEPS if child.returncode is None else STEPS[1:])
    status = child.returncode if child.returncode is not None else -signal.SIGKILL
    return 128 - status if status < 0 else status


def _goes_on(descriptor: int) -> bool:
    try:
        return bool(os.read(descriptor, 512))
    except ConnectionError:
        return False  # a socket whose other end was killed


def main(command: list[str]) -> int:
    """Run ``command`` until it ends, or until standard input or a signal says to stop.

    Parameters
    ----------
    command : list of str
        The program and its arguments.

    Returns
    -------
    int
        The command's exit status; 128 + N where signal N ended it.
    """
    return supervise(
        lambda: subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_supervisor), stop=0
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
