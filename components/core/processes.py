"""Processes of this machine: cores, peak memory, and a mark that names one process and no later one with its id."""

from __future__ import annotations

import os
import resource
import sys
import threading
from pathlib import Path

import psutil


def cores() -> int:
    """Return how many cores this process may use."""
    # macOS has no affinity of processes.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def peak_memory_mib(*, children: bool = False) -> float:
    """Return the largest memory that this process, or any of its ended children, has held, in MiB."""
    whose = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
    # Linux gives KiB, macOS bytes (getrusage(2) of each).
    return resource.getrusage(whose).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def end_with_parent() -> None:
    """End this process when the process that :mod:`multiprocessing` started it from ends; a main process has none."""
    # Every command imports this file, and few start processes.
    from multiprocessing import connection, parent_process

    parent = parent_process()
    if parent is None:
        return

    def follow() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def own() -> str:
    """Return this process's mark.

    Returns
    -------
    str
        ``<id>-<start>``; the same all its life, and never another process's until the machine starts anew.
    """
    return f"{os.getpid()}-{_start(os.getpid())}"


def alive(mark: str) -> bool:
    """Return whether the process that a mark names is still running.

    Parameters
    ----------
    mark : str
        From :func:`own`, perhaps of another process; anything else names none.

    Returns
    -------
    bool
        False for a zombie, and where the id now belongs to another process.
    """
    pid, _, start = mark.partition("-")
    return pid.isdigit() and bool(start) and start == _start(int(pid))


def _start(pid: int) -> str:
    try:
        if sys.platform != "linux":
            return str(int(psutil.Process(pid).create_time() * 1000))
        # In ticks since the machine started (proc(5), field 22): setting the clock changes nothing.
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else fields[19]
