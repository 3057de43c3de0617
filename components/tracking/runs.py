"""How a run is begun, filled, ended, and found again by what it was logged from."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

import platform
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from components.core import lineage, processes

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

#: Tag that holds the hash of what a run was logged from.
IDENTITY = "genre.identity"
#: Tag whose text MLflow shows as a run's description.
NOTE = "mlflow.note.content"
#: Tag that names the process which writes to a run.
PROCESS = "genre.process"
#: MLflow takes at most so many metrics in one batch (REST API, runs/log-batch).
BATCH = 1000


def find(client: MlflowClient, identity: str, *, experiment_id: str) -> Run | None:
    """Find the finished run logged from given files; delete what killed or failed attempts left.

    Parameters
    ----------
    client : MlflowClient
        From :func:`components.tracking.connect`.
    identity : str
        Hash of the files.
    experiment_id : str
        Where to look.

    Returns
    -------
    Run or None
        The run, if there is one; of several the one that was finished first.
    """
    for run in client.search_runs([experiment_id], filter_string="attributes.status = 'RUNNING'"):
        if run.data.tags.get(PROCESS) != processes.own() and _ended(run):
            discard(client, run)
    finished = []
    for run in client.search_runs([experiment_id], filter_string=f"tags.`{IDENTITY}` = '{identity}'"):
        if run.info.status == "FINISHED":
            finished.append(run)
        elif _ended(run):
            discard(client, run)
    return min(finished, key=lambda run: (run.info.end_time, run.info.run_id), default=None)


def _ended(run: Run) -> bool:
    """Say whether nobody writes to a run any more, as far as this machine can tell."""
    if run.info.status in ("FAILED", "KILLED"):
        return True
    if run.data.tags.get("genre.host") != platform.node():
        return False
    mark = run.data.tags.get(PROCESS, "")
    return mark == processes.own() or not processes.alive(mark)


def finish(client: MlflowClient, run_id: str, *, identity: str, experiment_id: str) -> str:
    """End a run; where another workspace has finished one from equal files meanwhile, that one stays.

    Parameters
    ----------
    client : MlflowClient
        From :func:`components.tracking.connect`.
    run_id : str
        A run from :func:`begin`.
    identity, experiment_id : str
        As in :func:`find`.

    Returns
    -------
    str
        Id of the run that stays.
    """
    client.set_terminated(run_id)
    first = find(client, identity, experiment_id=experiment_id)
    if first is None or first.info.run_id == run_id:
        return run_id
    discard(client, client.get_run(run_id))
    return str(first.info.run_id)


def begin(
    client: MlflowClient,
    *,
    experiment_id: str,
    name: str,
    tags: Mapping[str, str],
    parent: str = "",
    seconds: float = 0.0,
) -> str:
    """Create a run.

    Parameters
    ----------
    client : MlflowClient
        From :func:`components.tracking.connect`.
    experiment_id, name : str
        Where, and what to call it.
    tags : mapping
        Its tags.
    parent : str
        Run it belongs under.
    seconds : float
        How long ago what it tells of began.

    Returns
    -------
    str
        The run's id.
    """
    own = {PROCESS: processes.own(), "genre.host": platform.node(), **source_tags(), **tags}
    own |= {"mlflow.source.name": "genre", "mlflow.source.type": "PROJECT"}
    if parent:
        own["mlflow.parentRunId"] = parent
    began = int((time.time() - seconds) * 1000)
    return str(client.create_run(experiment_id, start_time=began, run_name=name, tags=own).info.run_id)


def source_tags() -> dict[str, str]:
    """Say which code is running: the git commit, and whether files differ from it."""
    commit, changed = lineage.commit()
    if not commit:
        return {}
    return {"mlflow.source.git.commit": commit, "genre.uncommitted_code": str(changed).lower()}


def log_history(client: MlflowClient, run_id: str, *, history: pd.DataFrame) -> None:
    """Log every epoch's figures as curves.

    Parameters
    ----------
    client : MlflowClient
        From :func:`components.tracking.connect`.
    run_id : str
        The run.
    history : DataFrame
        From :func:`components.training.fit.fit`.
    """
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    points = [
        Metric(str(column), float(value), now, int(epoch))
        for column in history.columns.drop("epoch")
        for epoch, value in zip(history["epoch"], history[column], strict=True)
    ]
    for start in range(0, len(points), BATCH):
        client.log_batch(run_id, metrics=points[start : start + BATCH])


def log_params(client: MlflowClient, run_id: str, *, values: Mapping[str, Any]) -> None:
    """Log hyperparameters and settings.

    Parameters
    ----------
    client : MlflowClient
        From :func:`components.tracking.connect`.
    run_id : str
        The run.
    values : mapping
        By name.
    """
    from mlflow.entities import Param

    client.log_batch(run_id, params=[Param(key, str(value)) for key, value in values.items()])


def discard(client: MlflowClient, run: Run) -> None:
    """Delete a run, the runs below it, the model it logged, and their files where they lie on this machine.

    Parameters
    ----------
    client : MlflowClient
        From :func:`components.tracking.connect`.
    run : Run
        Its process has ended, or failed.
    """
    where, run_id = [run.info.experiment_id], run.info.run_id
    if client.get_run(run_id).info.lifecycle_stage != "active":
        return  # taken away with the run above it
    for below in client.search_runs(where, filter_string=f"tags.`mlflow.parentRunId` = '{run_id}'"):
        discard(client, below)
    for model in client.search_logged_models(where, filter_string=f"source_run_id = '{run_id}'"):
        client.delete_logged_model(model.model_id)
        _remove(model.artifact_location)
    if run.info.status in ("RUNNING", "SCHEDULED"):
        client.set_terminated(run_id, status="KILLED")
    client.delete_run(run_id)
    _remove(run.info.artifact_uri)


def _remove(address: str) -> None:
    # A server keeps its artifacts itself: `mlflow gc` there removes those of deleted runs.
    parts = urlparse(address)
    if parts.scheme == "file":
        shutil.rmtree(Path(unquote(parts.path)), ignore_errors=True)
