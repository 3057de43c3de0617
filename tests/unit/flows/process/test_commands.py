"""Commands under a supervisor: surroundings, lines, and their end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from flows.process import commands
from flows.process.commands import Supervised


def test_a_redrawn_line_is_shown_in_its_last_state_without_colours() -> None:
    output = [b"1 %\r50 %\r\x1b[32m100 %\x1b[0m\n", b"caf\xe9\n"]
    assert list(commands.lines(output)) == ["100 %", "caf\N{REPLACEMENT CHARACTER}"]


def test_the_programs_of_this_python_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/elsewhere")
    assert commands.environment()["PATH"].split(os.pathsep) == [
        str(Path(sys.executable).parent),
        "/elsewhere",
    ]


def test_a_command_writes_both_streams_to_its_output_and_its_status_comes_last(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd()); print(os.environ['MORE'], file=sys.stderr); sys.exit(3)"
    running = Supervised([sys.executable, "-c", code], root=tmp_path, extra={"MORE": "more"})
    assert sorted(commands.lines(running.output)) == sorted([str(tmp_path), "more"])
    assert running.close() == 3


def test_a_command_that_is_stopped_ends_by_the_signal(tmp_path: Path) -> None:
    code = "import signal; print('up', flush=True); signal.signal(2, signal.SIG_DFL); signal.pause()"
    running = Supervised([sys.executable, "-c", code], root=tmp_path)
    assert running.output.readline() == b"up\n"
    running.stop()
    assert running.close() == 128 + 2
