"""Two workspaces promote at the same moment through one registry: one wins, the other says why, none is left behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest

from components.registry.promotion_lock import SUFFIX
from tests.conftest import PROJECT
from tests.integration.test_registry import retrained
from tests.support.servers import Bucket, MLflow, PostgreSQL

#: Each promotion is of a registered model of its own, so each time two begin without a champion.
TIMES = 6


class Workspace:
    """A process in a folder of its own that promotes when it is told to."""

    def __init__(
        self, folder: Path, *, template: Path, overlap: Path, weights: str, **variables: str
    ) -> None:
        shutil.copytree(template, folder / "data")
        retrained(folder / "data", weights_sha256=weights)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.promoting", str(folder / "data"), str(overlap)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(PROJECT), **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "errors.txt").open("w"),
            text=True,
        )
        self._errors = folder / "errors.txt"

    def line(self) -> str:
        assert self.process.stdout is not None
        found = self.process.stdout.readline().strip()
        assert found, self._errors.read_text()[-3000:]
        return found

    def tell(self, name: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()

    def decision(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.line())
        return found

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("a server", marks=pytest.mark.slow),
        "a server and its database",
        pytest.param("one file", marks=pytest.mark.slow),
    ],
)
def stores(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """What leads two workspaces to one store."""
    folder = tmp_path_factory.mktemp("store")
    if request.param == "one file":
        both = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
        mlflow.MlflowClient(both["MLFLOW_TRACKING_URI"]).search_experiments()  # makes it
        yield both, both
        return
    if request.param == "a server":
        server = MLflow(folder / "server")
        server.start()
        first = second = {"MLFLOW_TRACKING_URI": server.address}
    else:
        postgresql: PostgreSQL = request.getfixturevalue("postgresql")
        bucket: Bucket = request.getfixturevalue("bucket")
        place, database = f"s3://{bucket.NAME}/promotions", postgresql.database("promotions")
        server = MLflow(folder / "server", store=database)
        shared = {"MLFLOW_DEFAULT_ARTIFACT_ROOT": place, **bucket.variables}
        server.start(shared)
        first, second = ({"MLFLOW_TRACKING_URI": one, **shared} for one in (server.address, database))
    yield first, second
    server.stop()


@pytest.fixture(scope="module")
def pair(
    stores: tuple[dict[str, str], dict[str, str]], template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Workspace, Workspace]]:
    """Two models that are equally good, each in its own workspace."""
    folder = tmp_path_factory.mktemp("workspaces")
    made = []
    for name, variables in zip(("one", "two"), stores, strict=True):
        (folder / name).mkdir()
        made.append(
            Workspace(folder / name, template=template, overlap=folder / "decides", weights=name, **variables)
        )
        assert made[-1].line() == "ready"
    yield made[0], made[1]
    for one in made:
        one.stop()


def test_exactly_one_wins_and_the_other_says_why(
    pair: tuple[Workspace, Workspace], stores: tuple[dict[str, str], dict[str, str]]
) -> None:
    client = mlflow.MlflowClient(stores[0]["MLFLOW_TRACKING_URI"])
    for number in range(TIMES):
        name = f"genre-{number}"
        for one in pair:
            one.tell(name)
        decisions = [one.decision() for one in pair]
        (winner,) = (one for one in decisions if one["promoted"])
        (other,) = (one for one in decisions if not one["promoted"])
        assert winner["version"] == "1"
        assert "required a gain above" in other["reason"]
        assert other["reason"].endswith("version 1 stays champion.")
        assert str(client.get_model_version_by_alias(name, "champion").version) == "1"
        assert len(client.search_model_versions(f"name = '{name}'")) == 1
        assert client.search_model_versions(f"name = '{name}{SUFFIX}'") == []
        assert [one.line() for one in pair] == ["ready", "ready"]


def test_a_promotion_that_was_killed_does_not_stay_in_the_way(pair: tuple[Workspace, Workspace]) -> None:
    first, second = pair
    first.tell("hang")
    assert first.line() == "hanging"
    second.tell("hang")
    first.stop()
    # The killed one moved nothing: the second is the first to be promoted.
    assert second.line() == "hanging"
    second.tell("")
    assert second.decision()["promoted"]
