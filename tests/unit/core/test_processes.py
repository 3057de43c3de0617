"""Marks of processes: a living one's own, and never another's; and processes that end with their parents."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest

from components.core import processes


def test_a_process_knows_itself_and_its_child_knows_it() -> None:
    code = "import sys; from components.core import processes; sys.exit(not processes.alive(sys.argv[1]))"
    assert processes.alive(processes.own())
    subprocess.run([sys.executable, "-c", code, processes.own()], check=True)


def test_one_that_has_ended_is_not_alive_even_before_anybody_asks_how_it_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        mark = f"{process.pid}-{processes._start(process.pid)}"
        assert processes.alive(mark)
        process.stdin.close()  # type: ignore[union-attr]
        # Waits for the end and leaves the process as it is: a zombie.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not processes.alive(mark)


@pytest.mark.parametrize("mark", ["", "-", "1", "x-1", "OWN-", "OWN-1", "9999999-1"])
def test_anything_else_is_nobody(mark: str) -> None:
    assert not processes.alive(mark.replace("OWN", str(os.getpid())))


def test_a_process_ends_with_the_one_that_started_it() -> None:
    code = (
        "import multiprocessing, signal; from components.core import processes\n"
        "def child(): processes.end_with_parent(); print(processes.own(), flush=True); signal.pause()\n"
        "processes.end_with_parent()\n"
        "started = multiprocessing.get_context('fork').Process(target=child)\n"
        "started.start(); started.join()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        child = psutil.Process(int(parent.stdout.readline().partition("-")[0]))  # type: ignore[union-attr]
        parent.kill()
        assert psutil.wait_procs([child], timeout=60)[1] == []


@pytest.mark.parametrize(("platform", "unit"), [("linux", 2**10), ("darwin", 2**20)])
def test_peak_memory_is_in_mib_on_each_system(
    monkeypatch: pytest.MonkeyPatch, platform: str, unit: int
) -> None:
    monkeypatch.setattr(processes.sys, "platform", platform)
    monkeypatch.setattr(processes.resource, "getrusage", lambda _: SimpleNamespace(ru_maxrss=300 * unit))
    assert processes.peak_memory_mib() == processes.peak_memory_mib(children=True) == 300


def test_cores_are_counted_where_a_system_has_no_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    assert processes.cores() == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity")
    assert processes.cores() == os.cpu_count()
