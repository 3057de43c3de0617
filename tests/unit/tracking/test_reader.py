"""The store read without MLflow: what MLflow's own client finds, and that client where anything else is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from mlflow.exceptions import MlflowException

from components import tracking
from components.core.errors import RegistryError
from components.tracking import integrity, reader, store
from components.tracking.reader import Reader
from components.tracking.runs import IDENTITY, PROCESS, Runs
from tests.support.small_model import Constant


@pytest.fixture
def run_id(workspace: Path) -> str:
    """A finished training run with metrics and a model, registered twice, the second champion."""
    runs = Runs(store.TRAINING)
    made = runs.begin(
        "mlp", tags={"model": "mlp"}, identity="a", metrics={"accuracy": 0.5, "none": float("nan")}
    )
    with mlflow.start_run(run_id=made):
        mlflow.pyfunc.log_model(name="model", python_model=str(Constant), pip_requirements=["mlflow"])
    for _ in range(2):
        mlflow.register_model(f"runs:/{made}/model", "genre", tags={"model": "mlp"})
    runs.client.set_registered_model_alias("genre", "champion", "2")
    return made


@pytest.fixture
def opened(run_id: str) -> Reader:
    found = reader.opened()
    assert isinstance(found, Reader), (
        "the installed MLflow has another schema: REVISION and the queries are old"
    )
    return found


def test_a_run_as_mlflows_client_reads_it(opened: Reader, run_id: str) -> None:
    found, known = opened.get_run(run_id), tracking.connect().get_run(run_id)
    for name in ("run_id", "experiment_id", "status", "start_time", "end_time", "lifecycle_stage"):
        assert getattr(found.info, name) == getattr(known.info, name), name
    assert found.data.tags == known.data.tags
    assert found.data.metrics == pytest.approx(known.data.metrics, nan_ok=True)
    assert [one.model_id for one in found.outputs.model_outputs] == [
        one.model_id for one in known.outputs.model_outputs
    ]


def test_runs_in_the_order_of_mlflows_client(opened: Reader) -> None:
    runs = Runs(store.TRAINING)
    for name in ("lstm", "cnn"):
        runs.finish(runs.begin(name, tags={"model": name}, identity=name), identity=name)
    runs.discard(runs.client.get_run(runs.begin("gone", tags={})))
    experiment = opened.get_experiment_by_name(store.TRAINING)
    assert experiment is not None
    found = opened.search_runs([experiment.experiment_id])
    known = tracking.connect().search_runs([experiment.experiment_id])
    assert [run.info.run_id for run in found] == [run.info.run_id for run in known]


@pytest.mark.parametrize("uri", ["models:/genre/1", "models:/genre@champion"])
def test_an_address_leads_where_mlflows_client_finds_it(opened: Reader, uri: str) -> None:
    assert integrity.resolve(opened, uri) == integrity.resolve(tracking.connect(), uri)


def test_a_version_as_mlflows_client_reads_it(opened: Reader) -> None:
    found = opened.get_model_version_by_alias("genre", "champion")
    known = tracking.connect().get_model_version_by_alias("genre", "champion")
    assert (found.name, found.version, found.run_id, found.tags) == (
        known.name, str(known.version), known.run_id, known.tags,
    )  # fmt: skip


def test_what_is_not_there_is_left_to_mlflow(opened: Reader) -> None:
    assert opened.get_experiment_by_name("none") is None
    with pytest.raises(MlflowException):
        opened.get_run("0" * 32)
    with pytest.raises(RegistryError, match="models:/genre/7 does not exist"):
        integrity.resolve(opened, "models:/genre/7")
    tracking.connect().delete_registered_model_alias("genre", "champion")
    with pytest.raises(MlflowException):
        opened.get_model_version_by_alias("genre", "champion")


def test_the_run_of_files_is_found(opened: Reader, run_id: str) -> None:
    assert opened.logged(store.TRAINING, "a") == run_id
    assert opened.logged(store.TRAINING, "b") is None
    assert opened.logged(store.TUNING, "a") is None
    runs = Runs(store.TRAINING)
    runs.discard(runs.client.get_run(run_id))
    assert opened.logged(store.TRAINING, "a") is None


def test_runs_that_a_killed_process_left_are_not_passed_over(opened: Reader) -> None:
    runs = Runs(store.TRAINING)
    left = runs.begin("mlp", tags={}, identity="c")
    assert opened.logged(store.TRAINING, "a"), "this process may still write to it"
    runs.client.set_tag(left, PROCESS, "1-0")
    assert opened.logged(store.TRAINING, "a") is None
    assert IDENTITY in opened.get_run(left).data.tags


@pytest.mark.parametrize(
    "setting",
    [("MLFLOW_TRACKING_URI", "sqlite:///other.db"), ("MLFLOW_REGISTRY_URI", "sqlite:///other.db")],
)
def test_another_store_is_read_by_mlflow(
    opened: Reader, monkeypatch: pytest.MonkeyPatch, setting: tuple[str, str]
) -> None:
    monkeypatch.setenv(*setting)
    assert isinstance(reader.opened(), mlflow.MlflowClient)


def test_another_schema_is_read_by_mlflow(opened: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "REVISION", "older")
    assert isinstance(reader.opened(), mlflow.MlflowClient)


def test_reading_imports_no_mlflow(opened: Reader, workspace: Path) -> None:
    code = (
        "import sys\nfrom components.serving import load\n"
        "client = load.store()\nassert load.latest_runs(client) and load.champion(client, 'genre')\n"
        "print([name for name in ('mlflow', 'pandas', 'tensorflow') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=workspace, check=True
    )
    assert done.stdout.strip() == "[]"
