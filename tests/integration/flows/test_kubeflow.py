"""The exported pipeline: compiled by kfp, and run to its end by its local runner, as `genre run` ends.

Each component works in a folder of its own; all share DVC's remote and MLflow's address, and nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
import yaml

from flows.export import kubeflow
from flows.export.component import LOCK, merge
from flows.pipeline import graph
from tests.conftest import PROJECT
from tests.integration.test_workflow import BIN, MODELS, metrics, run, workspace
from tests.support.servers import MLflow

pytestmark = pytest.mark.slow
LOCAL = PROJECT / "tests" / "support" / "kubeflow_local.py"


@pytest.fixture(scope="module")
def kfp() -> Path:
    """The Python that has kfp."""
    try:
        return kubeflow.python(PROJECT)
    except kubeflow.ExportError as error:
        pytest.skip(f"NOT RUN: {error}")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MLflow]:
    made = MLflow(tmp_path / "server")
    made.start()
    yield made
    made.stop()


def described(folder: Path, *, remote: Path, address: str) -> dict[str, object]:
    return kubeflow.description(
        kubeflow.components(graph.read(folder), tracked={}),
        params=(folder / "params.yaml").read_text(encoding="utf-8"),
        image="localhost/genre-workflow",
        remote=str(remote),
        mlflow=address,
        secret="genre",
    )


@pytest.mark.usefixtures("kfp")
def test_kfp_compiles_a_component_a_stage_with_dvcs_dependencies(tmp_path: Path) -> None:
    folder = workspace(tmp_path / "workspace")
    found = run("genre", "export", "kubeflow", "--dvc-remote", "s3://music/dvc", "--mlflow", "http://mlflow:5000",
        folder=folder)  # fmt: skip
    pipeline, platform = yaml.safe_load_all((folder / "pipeline.yaml").read_text(encoding="utf-8"))
    stages = graph.read(folder)
    assert f"{len(stages.order)} components" in found
    tasks = {task["taskInfo"]["name"]: task for task in pipeline["root"]["dag"]["tasks"].values()}
    assert set(tasks) == set(stages.order)
    names = {key: task["taskInfo"]["name"] for key, task in pipeline["root"]["dag"]["tasks"].items()}
    for stage, task in tasks.items():
        assert {names[above] for above in task.get("dependentTasks", ())} == set(stages.upstream[stage])
    default = pipeline["root"]["inputDefinitions"]["parameters"]["params"]["defaultValue"]
    assert json.loads(default) == (folder / "params.yaml").read_text(encoding="utf-8")
    (executors,) = [one["deploymentSpec"]["executors"] for one in platform["platforms"].values()]
    assert {secret["secretName"] for one in executors.values() for secret in one["secretAsEnv"]} == {"genre"}


def test_run_by_kfp_it_ends_as_genre_run_does(kfp: Path, server: MLflow, tmp_path: Path) -> None:
    folder, remote, work = workspace(tmp_path / "workspace"), tmp_path / "remote", tmp_path / "kfp"
    work.mkdir()
    done = subprocess.run(
        [str(kfp), str(LOCAL), str(kubeflow.COMPILER.parent), str(work)],
        input=json.dumps(described(folder, remote=remote, address=server.address)),
        cwd=work,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"

    # The last lock brings everything, in a clone that has computed nothing.
    clone = workspace(tmp_path / "clone")
    (last,) = work.glob("outputs/*/compare/lock")
    merge([last], into=clone / LOCK)
    run("dvc", "remote", "add", "--local", "--default", "shared", str(remote), folder=clone)
    run("dvc", "pull", folder=clone)
    assert json.loads(run("dvc", "status", "--json", folder=clone)) == {}

    run("genre", "run", folder=folder)
    assert metrics(clone) == metrics(folder)
    assert comparison(clone) == comparison(folder)

    client = mlflow.MlflowClient(server.address)
    runs = client.search_runs([client.get_experiment_by_name("genre").experiment_id])
    assert sorted(one.data.tags["model"] for one in runs) == sorted(MODELS)
    assert {one.info.status for one in runs} == {"FINISHED"}
    assert all(client.list_artifacts(one.info.run_id) for one in runs)


def comparison(folder: Path) -> dict[str, object]:
    """The comparison without what a clock or the memory's size says, different in every run."""
    found = json.loads((folder / "data/report/comparison.json").read_text(encoding="utf-8"))
    for model in found["models"].values():
        for measured in ("seconds", "tuning_seconds", "peak_memory_mib"):
            del model[measured]
    return found
