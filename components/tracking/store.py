"""Where runs are kept: the store, made where missing, and its experiments."""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from components.core import atomic
from components.core.errors import GenreError

if TYPE_CHECKING:
    from mlflow import MlflowClient

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
