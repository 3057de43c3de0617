"""MLflow's store: made once, its experiments local to it, the empty default one hidden."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from components import tracking
from components.core.errors import GenreError, StoreError
from components.tracking import store


def test_an_experiment_is_made_once_and_its_files_lie_in_the_workspace(workspace: Path) -> None:
    client = tracking.connect()
    first = store.experiment(client, store.TUNING)
    assert store.experiment(client, store.TUNING) == first
    found = client.get_experiment(first)
    assert found.artifact_location == (workspace / "mlruns/artifacts/genre-tuning").as_uri()
    assert found.tags["mlflow.note.content"] == store.EXPERIMENTS[store.TUNING]
    assert [one.name for one in client.search_experiments()] == [store.TUNING]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "mlruns").write_text("a file")
    with pytest.raises(GenreError, match="mlruns cannot be made"):
        tracking.connect()


def test_a_copy_for_an_experiment_of_dvc_s_has_the_project_s_store(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = workspace / ".dvc/tmp/exps/standalone/tmpa"
    copy.mkdir(parents=True)
    monkeypatch.chdir(copy)
    client = tracking.connect()
    found = client.get_experiment(store.experiment(client, store.TUNING))
    assert found.artifact_location == (workspace / "mlruns/artifacts/genre-tuning").as_uri()
    assert (workspace / "mlruns/mlflow.db").is_file()
    assert not (copy / "mlruns").exists()


@pytest.mark.parametrize(
    "address",
    ["mlruns", "/data/mlruns", "./mlruns", "file:///data/mlruns", "sqlite://", "sqlite:///:memory:", "databricks",
     "databricks://profile", "databricks-uc", "uc:https://host", "redis://host", "ftp://me:secret@host/x", "SQLITE:////data/mlflow.db",
     "HTTP://host:5000"],
)  # fmt: skip
def test_a_kind_of_store_that_cannot_be_used_is_refused_with_what_can(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with pytest.raises(StoreError, match=r"valid: sqlite:////FOLDER/mlflow\.db") as refused:
        store.connect()
    assert "secret" not in str(refused.value) and "\n" not in str(refused.value)
    assert ("Databricks" in str(refused.value)) == address.startswith(("databricks", "uc"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("sqlite:///text", "not a database"),
        ("sqlite:///folder", "unable to open"),
        ("sqlite:///text/mlflow.db", "Not a directory"),
        ("sqlite+aiosqlite:///mlflow.db", "asynchronous"),
        ("sqlite+none:///mlflow.db", "none"),
        ("sqlite:/mlflow.db", "URL"),
        ("sqlite://me:secret@host/mlflow.db", "URL"),
    ],
)
@pytest.mark.parametrize("look", [store.check_address, store.connect])
def test_a_sqlite_address_that_cannot_be_used_is_refused_and_nothing_is_made(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    reason: str,
    look: Callable[[], object],
) -> None:
    (tmp_path / "text").write_text("no database")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with pytest.raises(StoreError, match=rf"{reason}.*valid: sqlite:////FOLDER/mlflow\.db") as refused:
        look()
    assert "secret" not in str(refused.value) and "\n" not in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "text"]


def test_a_store_of_this_folder_that_is_no_database_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns/mlflow.db").write_text("no database")
    with pytest.raises(
        StoreError, match=r"mlruns/mlflow\.db, which cannot be used \(file is not a database\)"
    ):
        store.connect()


def test_a_sqlite_file_that_is_yet_to_be_made_or_is_locked_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/new/mlflow.db")
    store.check_address()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite+pysqlite:///{tmp_path}/held.db")
    with closing(sqlite3.connect(tmp_path / "held.db")) as held:
        held.execute("CREATE TABLE one (two)")
        held.execute("BEGIN EXCLUSIVE")
        store.check_address()


@pytest.mark.parametrize("look", [store.check_address, store.connect])
@pytest.mark.parametrize(
    "address",
    [
        "http://me:secret@127.0.0.1:9/",
        "https://127.0.0.1:9",
        "http://nowhere.invalid:5000",
        "http://",
        "http://host:x",
    ],
)
def test_a_server_that_does_not_answer_is_named_at_once(
    address: str, look: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with pytest.raises(StoreError, match=r"where no server answers \(.*valid: ") as refused:
        look()
    assert "secret" not in str(refused.value) and "\n" not in str(refused.value)


def test_a_server_that_answers_anything_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.handle_request).start()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_port}")
        store.check_address()
