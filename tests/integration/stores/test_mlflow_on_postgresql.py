"""MLflow on PostgreSQL, its files in a bucket: logged, promoted and predicted from, and no secret written anywhere."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path

import mlflow
import pytest

from components import tracking
from components.config.params import Params
from components.core.errors import StoreError
from components.registry import promote
from components.serving import load, packaging
from components.tracking import integrity, reader, store
from tests.integration.test_workflow import BIN, MODELS, workspace
from tests.support.constant_model import song
from tests.support.servers import PASSWORD, Bucket, MLflow, PostgreSQL, free_port


def genre(*words: str, folder: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    own = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "PREFECT_"))}
    own["PATH"] = f"{BIN}{os.pathsep}{own['PATH']}"
    return subprocess.run(
        ["genre", *words],
        cwd=folder,
        env={**own, **variables},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def variables(postgresql: PostgreSQL, bucket: Bucket) -> dict[str, str]:
    """The database itself, no server before it."""
    return {
        "MLFLOW_TRACKING_URI": postgresql.database("mlflow"),
        "MLFLOW_DEFAULT_ARTIFACT_ROOT": f"s3://{bucket.NAME}/mlflow",
        **bucket.variables,
    }


@pytest.fixture(scope="module")
def finished(
    variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A workspace after ``genre run``, and what that printed."""
    folder = workspace(tmp_path_factory.mktemp("first") / "workspace")
    done = genre("run", folder=folder, variables=variables)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder, done


@pytest.fixture
def client(variables: dict[str, str]) -> Iterator[mlflow.MlflowClient]:
    yield mlflow.MlflowClient(variables["MLFLOW_TRACKING_URI"])


@pytest.mark.slow
def test_every_model_is_logged_and_the_best_promoted(
    finished: tuple[Path, subprocess.CompletedProcess[str]], client: mlflow.MlflowClient, bucket: Bucket
) -> None:
    folder, done = finished
    assert "Champion: " in done.stdout
    runs = client.search_runs([client.get_experiment_by_name("genre").experiment_id])
    assert sorted(run.data.tags["model"] for run in runs) == sorted(MODELS)
    assert {run.info.status for run in runs} == {"FINISHED"}
    best = json.loads((folder / "data/report/comparison.json").read_text())["best"]
    assert client.get_model_version_by_alias("genre", "champion").tags["model"] == best
    assert bucket.names("mlflow/genre/")
    assert not list((folder / "mlruns").rglob("*"))


@pytest.mark.slow
def test_another_workspace_predicts_with_the_champion(
    finished: tuple[Path, subprocess.CompletedProcess[str]], variables: dict[str, str], tmp_path: Path
) -> None:
    folder = workspace(tmp_path / "second")
    done = genre("predict", str(song(tmp_path / "song.wav")), "--json", folder=folder, variables=variables)
    assert done.returncode == 0, done.stderr
    (prediction,) = json.loads(done.stdout)["songs"]
    assert prediction["genre"] in ("classical", "hiphop", "metal")


@pytest.mark.slow
def test_no_secret_is_in_anything_that_a_run_writes(
    finished: tuple[Path, subprocess.CompletedProcess[str]], postgresql: PostgreSQL, bucket: Bucket
) -> None:
    folder, done = finished
    assert PASSWORD not in done.stdout + done.stderr
    secret = PASSWORD.encode()
    written = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(written) > 100
    assert [path for path in written if secret in path.read_bytes()] == []
    contents = bucket.contents()
    assert len(contents) > 10
    assert [name for name, content in contents.items() if secret in content] == []
    dump = postgresql.dump("mlflow")
    assert "weights_sha256" in dump and PASSWORD not in dump


@pytest.mark.usefixtures("light_models")
def test_through_a_server_a_client_needs_no_key_of_the_bucket(
    trained: Path,
    small_params: Params,
    passing_smoke_test: list[str],
    postgresql: PostgreSQL,
    bucket: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    server = MLflow(
        tmp_path / "server", store=postgresql.database("served"), artifacts=f"s3://{bucket.NAME}/served"
    )
    server.start(bucket.variables)
    try:
        # As before a proxy that asks for a password.
        address = server.address.replace("://", f"://genre:{PASSWORD}@")
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        mlflow.set_tracking_uri(address)
        assert promote.promote(params=small_params, root=trained).promoted
        assert bucket.names("served/")
        uri = load.address(reader.opened(), None, params=small_params)
        assert (integrity.checked(tracking.connect(), uri) / "MLmodel").is_file()
        assert PASSWORD not in server.output.read_text() + postgresql.dump("served") + "".join(
            capfd.readouterr()
        )
        assert not [name for name, content in bucket.contents().items() if PASSWORD.encode() in content]
    finally:
        server.stop()


# --- what a person can set wrong


def wrong(postgresql: PostgreSQL) -> dict[str, tuple[str, str]]:
    """Addresses of a database, and what their one line holds."""
    good = postgresql.database("mlflow")
    return {
        "another password": (
            postgresql.database("mlflow", password=f"{PASSWORD}-wrong"),
            "password authentication failed",
        ),
        "no server": (good.replace(str(postgresql.port), str(free_port())), "Connection refused"),
        "no database": (f"{good}-gone", 'database "mlflow-gone" does not exist'),
        "no driver": (good.replace("+psycopg", "+nothing"), "nothing"),
    }


@pytest.mark.parametrize("case", ["another password", "no server", "no database", "no driver"])
def test_a_database_that_cannot_be_used_is_one_line_without_the_password(
    postgresql: PostgreSQL, tmp_path: Path, case: str
) -> None:
    address, reason = wrong(postgresql)[case]
    folder = workspace(tmp_path / "workspace")
    file = str(song(tmp_path / "song.wav"))
    done = genre("predict", file, folder=folder, variables={"MLFLOW_TRACKING_URI": address})
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert reason in done.stderr
    assert "://…@127.0.0.1:" in done.stderr
    assert PASSWORD not in done.stderr + done.stdout


@pytest.fixture
def direct(trained: Path, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The trained project, its store the database."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    mlflow.set_tracking_uri(variables["MLFLOW_TRACKING_URI"])
    return trained


@pytest.mark.usefixtures("light_models")
@pytest.mark.parametrize(
    ("place", "key", "reason"),
    [
        ("s3://nobodys-bucket/mlflow", "planted-key", "NoSuchBucket|bucket does not exist"),
        (
            "s3://music/closed",
            "unknown",
            "AccessDenied|InvalidAccessKeyId|Forbidden|not exist in our records",
        ),
    ],
)
def test_a_bucket_that_cannot_be_used_is_one_line_without_the_key(
    direct: Path,
    postgresql: PostgreSQL,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    key: str,
    reason: str,
) -> None:
    address = postgresql.database(f"bucket-{key}")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    mlflow.set_tracking_uri(address)
    monkeypatch.setenv("MLFLOW_DEFAULT_ARTIFACT_ROOT", place)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    refusing = bucket.closed() if key == "unknown" else nullcontext()
    with refusing, pytest.raises(StoreError, match=reason) as caught:
        packaging.ensure_logged("mlp", root=direct)
    assert "\n" not in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert "://…@127.0.0.1" in str(caught.value)


def test_what_is_read_from_a_file_of_sqlite_is_left_to_mlflow(direct: Path) -> None:
    assert reader.database() is None
    assert isinstance(reader.opened(), mlflow.MlflowClient)


def test_a_database_without_a_place_for_files_names_the_variable(
    direct: Path, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgresql.database("nowhere")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    mlflow.set_tracking_uri(address)
    monkeypatch.delenv("MLFLOW_DEFAULT_ARTIFACT_ROOT")
    with pytest.raises(StoreError, match="MLFLOW_DEFAULT_ARTIFACT_ROOT is not set"):
        store.experiment(tracking.connect(), store.TRAINING)
