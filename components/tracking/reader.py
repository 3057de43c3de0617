"""MLflow's store read without MLflow, whose import takes longer than a prediction: its own SQLite file alone.

What is plainly there is read here. All else is left to MLflow's client, which also says what is wrong: a store that is
not a file of SQLite, or of another schema; a run, version or alias that is not found; a run that a killed process left.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.core import processes
from components.tracking import store
from components.tracking.runs import IDENTITY, PROCESS, abandoned

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, LoggedModel
    from mlflow.entities import Run as MlflowRun
    from mlflow.entities.model_registry import ModelVersion

#: Alembic's revision of MLflow's schema that these queries are written for.
REVISION = "dc11669786a5"
#: Runs that MLflow's client returns at most where no number is given (``mlflow.store.tracking``).
MOST_RUNS = 1000
#: What MLflow's client takes besides the address of the store: with any of them, it alone knows where to look.
ELSEWHERE = ("MLFLOW_REGISTRY_URI", "MLFLOW_WORKSPACE", "MLFLOW_ENABLE_WORKSPACES")
#: Names are unique within a workspace of MLflow's; here there is one.
_OTHERS = "SELECT name FROM workspaces WHERE name <> 'default'"
#: Values in one statement, far below SQLite's limit of 32,766.
CHUNK = 500


@dataclass(frozen=True)
class RunInfo:
    """As :class:`mlflow.entities.RunInfo`."""

    run_id: str
    experiment_id: str
    status: str
    start_time: int
    end_time: int | None
    lifecycle_stage: str


@dataclass(frozen=True)
class RunData:
    """As :class:`mlflow.entities.RunData`."""

    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelOutput:
    """As :class:`mlflow.entities.LoggedModelOutput`."""

    model_id: str


@dataclass(frozen=True)
class RunOutputs:
    """As :class:`mlflow.entities.RunOutputs`."""

    model_outputs: list[ModelOutput] = field(default_factory=list)


@dataclass(frozen=True)
class Run:
    """As :class:`mlflow.entities.Run`."""

    info: RunInfo
    data: RunData
    outputs: RunOutputs


@dataclass(frozen=True)
class Version:
    """As :class:`mlflow.entities.model_registry.ModelVersion`."""

    name: str
    version: str
    run_id: str
    location: str
    tags: dict[str, str]


@dataclass(frozen=True)
class Named:
    """As :class:`mlflow.entities.Experiment`."""

    experiment_id: str
    name: str


@dataclass(frozen=True)
class Placed:
    """As :class:`mlflow.entities.LoggedModel`."""

    model_id: str
    artifact_location: str


class Reader:
    """MLflow's client, whose commonest questions are put to the SQLite file itself.

    Every other attribute is that of :class:`mlflow.MlflowClient`, connected when it is first needed.

    Parameters
    ----------
    path : Path
        The store, see :func:`database`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Any:
        return getattr(store.connect(), name)

    @property
    def _client(self) -> MlflowClient:
        return store.connect()

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a query; no rows where the file cannot be read, so that MLflow is asked."""
        try:
            with closing(_connected(self._path)) as connection:
                return connection.execute(statement, values).fetchall()
        except sqlite3.Error:
            return []

    def get_experiment_by_name(self, name: str) -> Named | Experiment | None:
        """Find an experiment that is not deleted."""
        found = self._rows(
            "SELECT experiment_id, name FROM experiments WHERE name = ? AND lifecycle_stage = 'active'", name
        )
        return Named(str(found[0][0]), found[0][1]) if found else self._client.get_experiment_by_name(name)

    def search_runs(self, experiment_ids: list[str], **more: Any) -> list[Run] | list[MlflowRun]:
        """List the newest runs of an experiment; with any condition, MLflow's client does."""
        if more or len(experiment_ids) != 1:
            return list(self._client.search_runs(experiment_ids, **more))
        return self._runs(
            "experiment_id = ? ORDER BY start_time DESC, run_uuid LIMIT ?", experiment_ids[0], MOST_RUNS
        )

    def get_run(self, run_id: str) -> Run | MlflowRun:
        """Find a run."""
        found = self._runs("run_uuid = ?", run_id)
        return found[0] if found else self._client.get_run(run_id)

    def _runs(self, condition: str, *values: object) -> list[Run]:
        active = "lifecycle_stage = 'active' AND"
        columns = "run_uuid, experiment_id, status, start_time, end_time, lifecycle_stage"
        infos = [
            RunInfo(run_id, str(experiment), status, start, end, stage)
            for run_id, experiment, status, start, end, stage in self._rows(
                f"SELECT {columns} FROM runs WHERE {active} {condition}", *values
            )
        ]
        ids = [info.run_id for info in infos]
        tags = self._of_runs("run_uuid, key, value FROM tags WHERE run_uuid", ids)
        metrics = self._of_runs(
            "run_uuid, key, CASE is_nan WHEN 1 THEN 'nan' ELSE value END FROM latest_metrics WHERE run_uuid",
            ids,
        )
        models = self._of_runs(
            "source_id, destination_id, step FROM inputs WHERE source_type = 'RUN_OUTPUT' AND "
            "destination_type = 'MODEL_OUTPUT' AND source_id",
            ids,
        )
        return [
            Run(
                info,
                RunData(
                    tags.get(info.run_id, {}),
                    {key: float(value) for key, value in metrics.get(info.run_id, {}).items()},
                ),
                RunOutputs([ModelOutput(model) for model in models.get(info.run_id, {})]),
            )
            for info in infos
        ]

    def _of_runs(self, selection: str, ids: list[str]) -> dict[str, dict[str, Any]]:
        """Read pairs of key and value by run."""
        found: dict[str, dict[str, Any]] = {}
        for first in range(0, len(ids), CHUNK):
            some = ids[first : first + CHUNK]
            for run_id, key, value in self._rows(f"SELECT {selection} IN ({_marks(some)})", *some):
                found.setdefault(run_id, {})[key] = value
        return found

    def get_logged_model(self, model_id: str) -> Placed | LoggedModel:
        """Find a logged model."""
        found = self._rows(
            "SELECT model_id, artifact_location FROM logged_models WHERE model_id = ? AND lifecycle_stage = 'active'",
            model_id,
        )
        return Placed(*found[0]) if found else self._client.get_logged_model(model_id)

    def get_model_version(self, name: str, version: str) -> Version | ModelVersion:
        """Find a version of a registered model."""
        return self._version(name, version) or self._client.get_model_version(name, version)

    def get_model_version_by_alias(self, name: str, alias: str) -> Version | ModelVersion:
        """Find the version of a registered model that has an alias."""
        found = self._rows(
            "SELECT version FROM registered_model_aliases WHERE name = ? AND alias = ?", name, alias
        )
        version = self._version(name, str(found[0][0])) if found else None
        return version or self._client.get_model_version_by_alias(name, alias)

    def _version(self, name: str, version: str) -> Version | None:
        found = self._rows(
            "SELECT run_id, COALESCE(NULLIF(storage_location, ''), source) FROM model_versions "
            "WHERE name = ? AND version = ? AND current_stage <> 'Deleted_Internal'",
            name,
            version,
        )
        if not found:
            return None
        tags = self._rows(
            "SELECT key, value FROM model_version_tags WHERE name = ? AND version = ?", name, version
        )
        return Version(name, version, str(found[0][0]), str(found[0][1]), dict(tags))

    def get_model_version_download_uri(self, name: str, version: str) -> str:
        """Find where a version's files are."""
        found = self._version(name, version)
        return found.location if found else self._client.get_model_version_download_uri(name, version)

    def logged(self, experiment: str, identity: str) -> str | None:
        """Find the finished run logged from files of a hash.

        Returns
        -------
        str or None
            Its id, of several that of the one that was finished first. None where there is none, or where there are
            runs to tidy up: :meth:`components.tracking.runs.Runs.find` does that.
        """
        named = self._rows(
            "SELECT experiment_id FROM experiments WHERE name = ? AND lifecycle_stage = 'active'", experiment
        )
        if not named:
            return None
        ((number,),) = named
        from_files = f"run_uuid IN (SELECT run_uuid FROM tags WHERE key = '{IDENTITY}' AND value = ?)"
        of_files = self._runs(f"experiment_id = ? AND {from_files}", number, identity)
        running = self._runs("experiment_id = ? AND status = 'RUNNING'", number)
        left = [run for run in of_files if run.info.status != "FINISHED"]
        left += [run for run in running if run.data.tags.get(PROCESS) != processes.own()]
        finished = [(run.info.end_time, run.info.run_id) for run in of_files if run.info.status == "FINISHED"]
        if not finished or any(abandoned(run) for run in left):
            return None
        return min(finished)[1]


def opened() -> Reader | MlflowClient:
    """Open the store that ``MLFLOW_TRACKING_URI`` names, or else ``mlruns/mlflow.db``, for reading.

    Returns
    -------
    Reader or MlflowClient
        The client itself where the store is not a file of SQLite with the schema of :data:`REVISION`.
    """
    path = database()
    return Reader(path) if path is not None and _known(path) else store.connect()


def database() -> Path | None:
    """Return the SQLite file of the store, if it is one, whether or not it exists."""
    if any(os.environ.get(name) for name in ELSEWHERE):
        return None
    scheme, found, place = store.uri().partition(":///")
    return Path(place) if found and scheme == "sqlite" and "?" not in place else None


def _known(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with closing(_connected(path)) as connection:
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            return revision == [(REVISION,)] and not connection.execute(_OTHERS).fetchall()
    except sqlite3.Error:
        return False


def _connected(path: Path) -> sqlite3.Connection:
    # As an address, so that nothing is made where there is no file. A file that is being written is waited for.
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=20.0)


def _marks(values: Iterable[object]) -> str:
    return ", ".join("?" for _ in values)
