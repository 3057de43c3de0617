"""Two clones, a worker of its own pool in each: one model is fitted in the other. Prefect's server is on PostgreSQL."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.test_workflow import BIN, MODELS, metrics, run, workspace
from tests.support.servers import PASSWORD, Bucket, PostgreSQL, Prefect, Worker, prefect

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
#: Seconds for a flow to end on two busy cores.
LIMIT = 900


@pytest.fixture
def server(postgresql: PostgreSQL, tmp_path: Path) -> Iterator[Prefect]:
    made = Prefect(tmp_path / "prefect", database=postgresql.database("prefect", driver="asyncpg"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def clones(tmp_path: Path, bucket: Bucket) -> tuple[Path, Path]:
    """Two clones that share DVC's remote in a bucket, and nothing else."""
    made = tmp_path / "here", tmp_path / "there"
    for clone in made:
        workspace(clone)
        run("dvc", "remote", "add", "-d", "shared", f"s3://{bucket.NAME}/dvc", folder=clone)
        (clone / "prefect.yaml").symlink_to(ROOT / "prefect.yaml")
    return made


def ended(deployment: str, *, server: Prefect, folder: Path, **variables: str) -> dict[str, str]:
    """Run a deployment and wait for its end; its state."""
    started = prefect("deployment", "run", deployment, folder=folder, **variables)
    found = next(line.split()[-1] for line in started.splitlines() if "UUID" in line)
    limit = time.monotonic() + LIMIT
    while True:
        state = server.state(found)
        if state["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED"):
            return state
        assert time.monotonic() < limit, state
        time.sleep(2)


def test_the_fit_of_one_model_runs_in_another_pool_and_ends_as_here(
    server: Prefect, clones: tuple[Path, Path], bucket: Bucket, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    here, there = clones
    own = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "PREFECT_"))}
    own |= {"PATH": f"{BIN}{os.pathsep}{own['PATH']}", "PREFECT_API_URL": server.api, **bucket.variables}
    of = {clone: {**own, "PREFECT_HOME": str(clone / ".prefect"), "PWD": str(clone)} for clone in clones}
    for pool in ("genre", "genre-gpu"):
        prefect("work-pool", "create", pool, "--type", "process", folder=here, **of[here])
    prefect("deploy", "--name", "experiment", folder=here, **of[here])
    prefect("deploy", "--all", "--prefect-file", "flows/remote.yaml", folder=there, **of[there])
    mapping = {"GENRE_DEPLOYMENTS": json.dumps({"lstm": "stage/gpu"})}
    workers = [
        Worker(here, pool="genre", **of[here], **mapping),
        Worker(there, pool="genre-gpu", **of[there]),
    ]
    try:
        for worker in workers:
            worker.start()
        state = ended("experiment/experiment", server=server, folder=here, **of[here])
        texts = [worker.output.read_text() for worker in workers]
        assert state["type"] == "COMPLETED", f"{state}\n{texts[0][-6000:]}\n{texts[1][-6000:]}"
    finally:
        for worker in workers:
            worker.stop()
    made = sorted(path.name for path in (there / ".remote" / "data" / "models").iterdir())
    assert made == ["lstm"], "what was mapped ran there, and nothing else"
    assert not (there / "data" / "models").exists(), "the clone's own results are as they were"
    assert json.loads(run("dvc", "status", "--json", folder=here)) == {}
    # As one machine alone makes it.
    alone = workspace(tmp_path / "alone")
    run("dvc", "repro", folder=alone)
    assert metrics(here) == metrics(alone)
    assert set(metrics(here)) == set(MODELS)
    dump = postgresql.dump("prefect")
    assert "experiment" in dump and PASSWORD not in dump
    assert not [text for text in texts if PASSWORD in text]
