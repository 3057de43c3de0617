"""One flow at a time, and nothing of a killed one in the way."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows.process import workspace_lock
from flows.process.workspace_lock import BusyError
from tests.conftest import PROJECT

HOLD = """
import sys
from pathlib import Path
from flows.process import workspace_lock
with workspace_lock.held(Path("."), wait=0) as holder:
    holder.note(pid=4711, flow_run="abc")
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_flow(root: Path) -> Iterator[subprocess.Popen[str]]:
    package = str(PROJECT)
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": package},
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_flow_says_who_works_here(tmp_path: Path) -> None:
    lines: list[str] = []
    with (
        another_flow(tmp_path),
        pytest.raises(BusyError, match=r"process 4711.*GENRE_WAIT"),
        workspace_lock.held(tmp_path, wait=0.01, report=lines.append),
    ):
        pass
    assert len(lines) == 1


def test_a_second_flow_goes_on_once_the_first_has_ended(tmp_path: Path) -> None:
    with (
        another_flow(tmp_path) as first,
        workspace_lock.held(tmp_path, wait=60, report=lambda _line: first.kill()),
    ):
        pass


def test_the_next_flow_learns_what_a_killed_one_had_noted(tmp_path: Path) -> None:
    with another_flow(tmp_path):
        pass
    with workspace_lock.held(tmp_path, wait=60) as holder:
        assert holder.previous == {"pid": 4711, "flow_run": "abc"}


def test_a_run_that_nobody_closed_is_handed_on_until_somebody_does(tmp_path: Path) -> None:
    with another_flow(tmp_path):
        pass
    with pytest.raises(ZeroDivisionError), workspace_lock.held(tmp_path, wait=60):
        raise ZeroDivisionError  # it failed before it came to that
    with workspace_lock.held(tmp_path, wait=0) as holder:
        assert holder.previous.pop("flow_run") == "abc"
    with workspace_lock.held(tmp_path, wait=0) as holder:
        assert holder.previous == {}
