"""Processes forked from one that has imported what they need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.process import preloaded
from flows.process.forks import POSSIBLE

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="processes are not forked on this system")


def test_its_own_imports_are_the_standard_librarys() -> None:
    code = (
        "import sys; before = set(sys.modules); import flows.process.preloaded; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["flows"]


def test_a_fork_tells_its_exit_status_or_the_signal_that_ended_it() -> None:
    statuses = []
    for end in (lambda: os._exit(3), lambda: os.kill(os.getpid(), 9)):
        pid = os.fork()
        if pid == 0:
            end()
        child = preloaded.Fork(pid)
        while child.poll() is None:
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        statuses.append(child.poll())
    assert statuses == [3, -9]


def test_without_a_server_a_stages_command_fails_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(preloaded.ADDRESS, str(tmp_path / "nobody"))
    code = "import sys; from flows.__main__ import main; sys.argv[1:] = ['stage', 'split']; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert (
        done.stderr
        == "genre: the process that stages are forked from has ended (No such file or directory)\n"
    )
