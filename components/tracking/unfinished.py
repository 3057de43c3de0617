"""Take away a run that was never finished, and all that belongs to it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


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
