"""MLflow's store locked, full, read-only or away: it waits, or fails in one line, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from components import cli, tracking
from components.config import params
from components.config.params import Params
from components.core.errors import GenreError, StoreError
from components.serving import packaging
from components.stages import train, tune
from components.tracking import store
from components.tracking.runs import Runs

if TYPE_CHECKING:
    from mlflow import MlflowClient

pytestmark = pytest.mark.usefixtures("light_models")


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    """An empty store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tracking.connect()


def seen() -> dict[str, str]:
    """Every training run that is not deleted, and its status."""
    found = Runs(store.TRAINING)
    return {run.info.run_name: run.info.status for run in found._search("")}


# --- locked


@contextmanager
def locked(database: Path) -> Iterator[sqlite3.Connection]:
    """Hold the whole database for oneself, as a backup or a stuck program would."""
    with closing(sqlite3.connect(database, timeout=0, check_same_thread=False)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield connection
        connection.rollback()


def test_a_store_that_was_killed_while_it_was_made_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.store.db import utils

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    calls: list[str] = []

    def half(engine: Any) -> None:
        calls.append(str(engine.url))
        with engine.begin() as connection:
            connection.exec_driver_sql("create table registered_model_tags (x int)")
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "_make", store._make.__wrapped__)  # the real one
    monkeypatch.setattr(utils, "_initialize_tables", half)
    with pytest.raises(KeyboardInterrupt):
        tracking.connect()
    assert calls
    assert not (tmp_path / "mlruns/mlflow.db").exists()
    assert not list((tmp_path / "mlruns").glob(".partial-*"))


def test_a_database_locked_for_a_moment_is_waited_for(client: MlflowClient, tmp_path: Path) -> None:
    Runs(store.TRAINING).begin("before", tags={})
    with locked(tmp_path / "mlruns/mlflow.db") as connection:
        threading.Timer(1.0, connection.rollback).start()
        Runs(store.TRAINING).begin("after", tags={})
    assert seen().keys() == {"before", "after"}


@pytest.mark.slow
def test_a_database_that_stays_locked_is_named_and_the_run_is_logged_later(
    trained: Path, small_params: Params
) -> None:
    tracking.connect()
    store.experiment(tracking.connect(), store.TRAINING)
    with (
        locked(trained.parent / "mlruns/mlflow.db"),
        pytest.raises(StoreError, match=r"database is locked.*what was computed is kept"),
    ):
        packaging.ensure_logged("mlp", root=trained)
    packaging.ensure_logged("mlp", root=trained)
    assert seen() == {"mlp": "FINISHED"}


# --- it cannot be written


def test_a_read_only_store_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    import mlflow  # noqa: F401  while everything can still be read

    (tmp_path / "mlruns").mkdir(mode=0o555)
    # Read-only to root as well, which no permission stops.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(GenreError, match=r"mlruns cannot be written; valid: a writable folder"):
        tracking.connect()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of sixteen megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", place]).returncode
    ):
        pytest.skip("a small file system can be mounted by root only")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(disk: Path, *, leave: int) -> Path:
    """Leave so many bytes free."""
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(max(0, shutil.disk_usage(disk).free - leave)))
    return ballast


@pytest.mark.slow
@pytest.mark.parametrize("leave", [0, 40_000, 400_000])
def test_a_full_disk_under_the_store_is_named_and_the_run_is_logged_once_there_is_room(
    trained: Path, small_params: Params, small_disk: Path, monkeypatch: pytest.MonkeyPatch, leave: int
) -> None:
    (trained.parent / "mlruns").symlink_to(small_disk)
    client = tracking.connect()
    store.experiment(client, store.TRAINING)
    ballast = fill(small_disk, leave=leave)
    with pytest.raises(StoreError, match=r"disk is full|No space left|disk I/O error"):
        packaging.ensure_logged("mlp", root=trained)
    ballast.unlink()
    packaging.ensure_logged("mlp", root=trained)
    assert seen() == {"mlp": "FINISHED"}


@pytest.mark.slow
def test_a_full_disk_under_the_data_leaves_the_old_files_and_nothing_half_written(
    trained: Path, small_params: Params, small_disk: Path
) -> None:
    data = small_disk / "data"
    shutil.copytree(trained, data)
    before = (data / "models/mlp/training.json").read_bytes()
    ballast = fill(small_disk, leave=8_000)
    with pytest.raises(OSError, match=r"No space left|[Uu]nable to|Can't|write"):
        train.run("mlp", params=small_params, root=data)
    assert (data / "models/mlp/training.json").read_bytes() == before
    assert not list(data.rglob(".partial-*"))
    ballast.unlink()
    train.run("mlp", params=small_params, root=data)


# --- a stage whose work is done does not fail because MLflow does


@pytest.mark.parametrize("stage", ["tune", "train"])
def test_a_stage_keeps_its_work_where_the_store_fails(
    monkeypatch: pytest.MonkeyPatch, demo_params: Params, stage: str
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise StoreError("the MLflow store http://127.0.0.1:5000 failed (refused)")

    monkeypatch.setattr(params, "load", lambda: demo_params)
    monkeypatch.setattr(tune, "run", lambda *_, **__: SimpleNamespace(trial="0", score=0.5))
    metrics = {"test.segment_accuracy": 0.5, "test.song_accuracy": 0.5}
    monkeypatch.setattr(train, "run", lambda *_, **__: metrics)
    monkeypatch.setattr(packaging, "ensure_logged", away)
    monkeypatch.setattr(tracking, "ensure_tuning_logged", away)
    done = CliRunner().invoke(cli.app, ["stage", stage, "mlp"])
    assert done.exit_code == 0
    assert "not logged yet: the MLflow store http://127.0.0.1:5000 failed" in done.output


def test_an_unreachable_server_is_named(
    trained: Path, small_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(
        StoreError, match=r"MLFLOW_TRACKING_URI is http://127\.0\.0\.1:9, where no server answers"
    ):
        packaging.ensure_logged("mlp", root=trained)
