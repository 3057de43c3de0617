"""``genre evaluate``: its exit status, its files, and what is checked before any work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.core.errors import StoreError
from components.external_evaluation import runs
from tests.support.evaluated_models import music, without_store
from tests.unit.conftest import Genre


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders whose results were logged."""
    folders: list[Path] = []

    def log(folder: Path) -> dict[str, str]:
        folders.append(folder)
        return {"mlp": "1" * 32}

    without_store(monkeypatch)
    monkeypatch.setattr(runs, "ensure_evaluation_logged", log)
    return folders


def test_page_figures_and_runs(genre: Genre, workspace: Path, logged: list[Path]) -> None:
    music(workspace / "songs")
    done = genre("evaluate", "songs", "--json", "figures.json", folder=workspace)
    assert (done.returncode, done.stderr) == (0, "")
    folder = Path("data/evaluations/songs")
    assert logged == [folder] and (workspace / folder / "index.html").is_file()
    written = [
        json.loads((workspace / file).read_text()) for file in ("figures.json", folder / "evaluation.json")
    ]
    assert written[0] == written[1]
    assert "1" * 32 in done.stdout


def test_a_file_left_out_is_an_exit_status_and_no_log_logs_nothing(
    genre: Genre, workspace: Path, logged: list[Path]
) -> None:
    music(workspace / "songs")
    (workspace / "songs" / "jazz" / "broken.wav").write_text("text")
    done = genre("evaluate", "songs", "--no-log", "--out", "there", folder=workspace)
    assert done.returncode == 1 and "broken.wav: no RIFF header" in done.stdout
    assert logged == [] and (workspace / "there" / "songs.csv").is_file()


def test_a_store_that_fails_loses_nothing(
    genre: Genre, workspace: Path, logged: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_folder: Path) -> None:
        raise StoreError("the MLflow store is away")

    monkeypatch.setattr(runs, "ensure_evaluation_logged", away)
    music(workspace / "songs")
    done = genre("evaluate", "songs", folder=workspace)
    assert done.returncode == 1 and "not logged: the MLflow store is away" in done.stderr
    assert (workspace / "data/evaluations/songs/index.html").is_file()


def test_a_folder_with_other_files_is_refused_before_any_work(
    genre: Genre, workspace: Path, logged: list[Path]
) -> None:
    (workspace / "mine").mkdir()
    (workspace / "mine" / "thesis.txt").touch()
    done = genre("evaluate", "nowhere", "--out", "mine", folder=workspace)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "mine holds other files" in done.stderr
