"""Where runs are kept, and how one is made, found again and filled."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import platform
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from components import atomic, lineage, processes
from components.errors import GenreError
from components.tracking import unfinished

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

TRAINING = "genre"
TUNING = "genre-tuning"
STUDY = "genre-study"
#: Where runs and artifacts lie unless ``MLFLOW_TRACKING_URI`` says otherwise.
STORE = Path("mlruns")
#: What a person reads on each experiment's page; the kind opens it as model training.
EXPERIMENTS = {
    TRAINING: {
        "mlflow.experimentKind": "custom_model_development",
        "mlflow.note.content": "One run a trained model. Select runs with equal split_fingerprint and compare.",
    },
    TUNING: {
        "mlflow.experimentKind": "custom_model_development",
        "mlflow.note.content": "A parent run a search, a child a trial, a grandchild an execution.",
    },
    STUDY: {
        "mlflow.experimentKind": "custom_model_development",
        "mlflow.note.content": "A run an experiment of the study that `genre reproduce` runs, and one for its page.",
    },
}
IDENTITY = "genre.identity"
#: Tag whose text MLflow shows as a run's description.
NOTE = "mlflow.note.content"
#: Tag that names the process which writes to a run.
PROCESS = "genre.process"
#: MLflow takes at most so many metrics in one batch (REST API, runs/log-batch).
BATCH = 1000


def connect() -> MlflowClient:
    """Point MLflow at the store and quieten it.

    Returns
    -------
    MlflowClient
        For ``MLFLOW_TRACKING_URI`` where set, else for ``mlruns/mlflow.db``, which is made where missing.

    Raises
    ------
    GenreError
        If ``mlruns`` cannot be written.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    import mlflow

    # Alembic tells of each of some fifty migrations of a new store.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow.store").setLevel(logging.WARNING)
    # An environment made by uv has no pip whose version could be noted.
    logging.getLogger("mlflow.utils.environment").setLevel(logging.ERROR)
    logging.getLogger("mlflow.pyfunc").setLevel(logging.WARNING)
    logging.getLogger("mlflow.tracking._model_registry").setLevel(logging.ERROR)
    # Hints on type hints and schemas: what is logged is given in full, and tested.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"mlflow\.")
    warnings.filterwarnings("ignore", message=".*Add type hints to the `predict` method")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        try:
            STORE.mkdir(exist_ok=True)
        except OSError as error:
            raise GenreError(f"{STORE} cannot be made: {error.strerror}") from error
        if not os.access(STORE, os.W_OK):
            raise GenreError(f"{STORE} cannot be written; valid: a writable folder, or MLFLOW_TRACKING_URI")
        database = (STORE / "mlflow.db").resolve()
        if not database.exists():
            _make(database)
        mlflow.set_tracking_uri(_own_uri())
    return mlflow.MlflowClient()


def _own_uri() -> str:
    return f"sqlite:///{(STORE / 'mlflow.db').resolve()}"


def _make(database: Path) -> None:
    """Make a store beside its place: one that is killed in the middle of its fifty migrations never opens again."""
    from filelock import FileLock
    from mlflow.store.db import utils

    with FileLock(database.with_name(".creation.lock")):
        if database.exists():
            return
        with atomic.replacing(database) as path:
            engine = utils.create_sqlalchemy_engine(f"sqlite:///{path}")
            utils._initialize_tables(engine)
            engine.dispose()


def experiment(client: MlflowClient, name: str) -> str:
    """Return an experiment's id, made where missing.

    Parameters
    ----------
    client : MlflowClient
        From :func:`connect`.
    name : str
        :data:`TRAINING`, :data:`TUNING` or :data:`STUDY`.

    Returns
    -------
    str
        The id.
    """
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        import mlflow

        local = mlflow.get_tracking_uri() == _own_uri()
        location = (STORE / "artifacts" / name).resolve().as_uri() if local else None
        if local:
            _hide_default(client)
        try:
            return client.create_experiment(name, artifact_location=location, tags=EXPERIMENTS[name])
        except MlflowException:
            # Another stage, started at the same time, was quicker.
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    return str(found.experiment_id)


def _hide_default(client: MlflowClient) -> None:
    from mlflow.exceptions import MlflowException

    # MLflow makes it in every new store; an empty experiment is a question without an answer.
    default = client.get_experiment_by_name("Default")
    if default is None or default.lifecycle_stage != "active":
        return
    if not client.search_runs([default.experiment_id], max_results=1):
        # Another stage, started at the same time, may be quicker.
        with contextlib.suppress(MlflowException):
            client.delete_experiment(default.experiment_id)


def find(client: MlflowClient, identity: str, *, experiment_id: str) -> Run | None:
    """Find the finished run logged from given files; delete what killed or failed attempts left.

    Parameters
    ----------
    client : MlflowClient
        From :func:`connect`.
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
            unfinished.discard(client, run)
    finished = []
    for run in client.search_runs([experiment_id], filter_string=f"tags.`{IDENTITY}` = '{identity}'"):
        if run.info.status == "FINISHED":
            finished.append(run)
        elif _ended(run):
            unfinished.discard(client, run)
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
        From :func:`connect`.
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
    unfinished.discard(client, client.get_run(run_id))
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
        From :func:`connect`.
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
        From :func:`connect`.
    run_id : str
        The run.
    history : DataFrame
        From :func:`components.fitting.fit`.
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
        From :func:`connect`.
    run_id : str
        The run.
    values : mapping
        By name.
    """
    from mlflow.entities import Param

    client.log_batch(run_id, params=[Param(key, str(value)) for key, value in values.items()])


def file_hash(*paths: Path) -> str:
    """Hash files' contents together.

    Parameters
    ----------
    *paths : Path
        The files.

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
