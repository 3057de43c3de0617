"""The command line in the test's own process, and a workspace with the demo's params."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from components import tracking
from components.config import presets


class Done(NamedTuple):
    """How a command ended and what it printed."""

    returncode: Any
    stdout: str
    stderr: str


#: Runs ``genre WORDS`` in a folder.
Genre = Callable[..., Done]


@pytest.fixture
def genre(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Genre:
    """Run a command in this process, in a folder."""
    from flows import cli

    def run(*words: str, folder: Path) -> Done:
        monkeypatch.chdir(folder)
        # MLflow puts the store that an earlier test connected to into the environment.
        monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
        monkeypatch.setattr(sys, "argv", ["genre", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return Done(ended.value.code or 0, printed.out, printed.err)

    return run


@pytest.fixture(scope="session")
def demo_text() -> str:
    """The demo's params.yaml."""
    return presets.compose("demo")


@pytest.fixture
def folder_with_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with an empty MLflow store; tests run in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    tracking.connect()
    return tmp_path


@pytest.fixture
def workspace(tmp_path: Path, demo_text: str) -> Path:
    """A folder with the demo's params."""
    (tmp_path / "params.yaml").write_text(demo_text, encoding="utf-8")
    return tmp_path
