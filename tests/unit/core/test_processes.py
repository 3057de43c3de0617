"""Marks of processes: a living one's own, and never another's."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from components.core import processes


def test_a_process_knows_itself_and_its_child_knows_it() -> None:
    code = "import sys; from components import processes; sys.exit(not processes.alive(sys.argv[1]))"
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


@pytest.mark.parametrize("mark", ["", "-", "1", "x-1", f"{os.getpid()}-", f"{os.getpid()}-1", "9999999-1"])
def test_anything_else_is_nobody(mark: str) -> None:
    assert not processes.alive(mark)
