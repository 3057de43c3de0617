"""What was killed on another machine is closed: MLflow's run by whoever comes next, a flow run by Prefect's server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import mlflow
import pytest
import yaml

from components.tracking import heartbeat, store
from components.tracking.runs import Runs
from tests.conftest import PROJECT
from tests.support.servers import MLflow, PostgreSQL, Prefect, prefect

#: A process of another machine that writes a run until it is killed.
ELSEWHERE = """
import platform, sys
platform.node = lambda: "elsewhere"
from components.tracking import heartbeat, store
from components.tracking.runs import Runs
heartbeat.INTERVAL = 0.2
with Runs(store.TRAINING).open("mlp", tags={heartbeat.TAG: "0"}, identity="a") as run_id:
    print(run_id, flush=True)
    sys.stdin.read()
"""
#: A flow that goes on until it is killed.
FLOW = """
import sys
from prefect import flow
from prefect.runtime import flow_run

@flow
def endless():
    print(flow_run.id, flush=True)
    sys.stdin.read()

endless()
"""
#: Seconds for Prefect's server to see that a heartbeat is missing.
LIMIT = 300


@contextmanager
def started(code: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run Python, and yield its process and the first line that it writes."""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(PROJECT), **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def server(tmp_path: Path, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> Iterator[MLflow]:
    made = MLflow(tmp_path / "server", store=postgresql.database("heartbeats"))
    made.start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", made.address)
    mlflow.set_tracking_uri(made.address)
    yield made
    made.stop()


def test_a_run_killed_on_another_machine_is_deleted_by_whoever_logs_next(
    server: MLflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    with started(ELSEWHERE, MLFLOW_TRACKING_URI=server.address) as (process, run_id):
        runs = Runs(store.TRAINING)
        until = time.monotonic() + LIMIT
        while runs.client.get_run(run_id).data.tags[heartbeat.TAG] == "0":
            assert time.monotonic() < until
        assert runs.find("a") is None
        assert runs.client.get_run(run_id).info.lifecycle_stage == "active"
        process.kill()
        process.wait()
        assert runs.find("a") is None
        assert runs.client.get_run(run_id).info.lifecycle_stage == "active", "it might go on yet"
        later = SimpleNamespace(time=lambda: time.time() + heartbeat.LOST + 60)
        monkeypatch.setattr(heartbeat, "time", later)
        assert runs.find("a") is None
        found = runs.client.get_run(run_id).info
        assert (found.status, found.lifecycle_stage) == ("KILLED", "deleted")


@pytest.mark.slow
def test_a_flow_run_whose_process_is_gone_is_closed_by_the_automation(
    tmp_path: Path, postgresql: PostgreSQL
) -> None:
    server = Prefect(tmp_path / "prefect", database=postgresql.database("automations", driver="asyncpg"))
    server.start()
    try:
        variables = {"PREFECT_API_URL": server.api, "PREFECT_HOME": str(tmp_path / "home")}
        # As it is shipped, but for its patience.
        document = yaml.safe_load((PROJECT / "flows" / "automations.yaml").read_text(encoding="utf-8"))
        document["automations"][0]["trigger"]["within"] = 45
        (tmp_path / "automations.yaml").write_text(yaml.safe_dump(document))
        prefect("automation", "create", "--from-file", str(tmp_path / "automations.yaml"), **variables)
        with started(FLOW, PREFECT_FLOWS_HEARTBEAT_FREQUENCY="30", **variables) as (process, run_id):
            assert server.state(run_id)["type"] == "RUNNING"
            until = time.monotonic() + LIMIT
            # Events are sent in a thread: the first heartbeat has to have arrived.
            while not server.heartbeats(run_id):
                assert time.monotonic() < until
                time.sleep(1)
            process.kill()
            while (found := server.state(run_id))["type"] == "RUNNING":
                assert time.monotonic() < until
                time.sleep(2)
            assert found["type"] == "CRASHED"
            assert "No heartbeat" in found["message"]
    finally:
        server.stop()
