"""Which code a stage runs: that of the project in the working directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from flows import __main__ as program
from tests.conftest import PROJECT


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    commands: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, command: commands.append(command))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return commands


def test_a_stage_of_another_clone_runs_that_clone_s_code(tmp_path: Path, started: list[list[str]]) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "__main__.py").touch()
    program.run_its_own_code(tmp_path, arguments=["stage", "split"])
    assert started == [[sys.executable, "-m", "flows", "stage", "split"]]
    assert os.environ["PYTHONPATH"] == str(tmp_path)


def test_any_other_command_runs_no_code_of_the_folder_it_is_called_in(
    tmp_path: Path, started: list[list[str]]
) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "__main__.py").touch()
    program.run_its_own_code(tmp_path, arguments=["predict", "song.mp3"])
    program.run_its_own_code(PROJECT, arguments=["stage", "split"])
    program.run_its_own_code(tmp_path / "flows", arguments=["stage", "split"])
    assert started == []
