"""MLflow's store, made where missing, and its experiments."""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import warnings
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from components.core import atomic, dvc_experiment
from components.core.errors import GenreError, StoreError
from components.tracking import errors

if TYPE_CHECKING:
    from mlflow import MlflowClient

TRAINING = "genre"
TUNING = "genre-tuning"
STUDY = "genre-study"
EVALUATIONS = "genre-evaluations"
#: Where runs and artifacts lie unless ``MLFLOW_TRACKING_URI`` names another store.
STORE = Path("mlruns")
#: Where MLflow's plug-ins for stores are registered.
PLUGINS = "mlflow.tracking_store"
#: Where the artifacts of a database without a server lie: what MLflow's own server reads its default from.
ARTIFACT_ROOT = "MLFLOW_DEFAULT_ARTIFACT_ROOT"
#: What a person may set ``MLFLOW_TRACKING_URI`` to.
VALID = (
    "sqlite:////FOLDER/mlflow.db, http://HOST:5000 of an MLflow server, or such as "
    "postgresql+psycopg://NAME:PASSWORD@HOST:5432/DATABASE"
)
#: Databases that MLflow takes besides SQLite (``mlflow.store.db.db_types``).
DATABASES = ("postgresql", "mysql", "mssql")
#: What else may hold the runs; MLflow's plug-ins may add to it.
SCHEMES = ("sqlite", *DATABASES, "http", "https")
#: Seconds in which a server must begin to respond.
SERVER_TIMEOUT = 10.0
#: Note on each experiment's page.
EXPERIMENTS = {
    TRAINING: "One run a trained model. Select runs with equal split_fingerprint and compare.",
    TUNING: "A parent run a search, a child a trial, a grandchild an execution.",
    STUDY: "A run an experiment of the study that `genre reproduce` runs, and one for its page.",
    EVALUATIONS: "A run a model and folder of labelled music. Select runs with equal songs_fingerprint and compare.",
}
#: Settings of MLflow where the environment has none: no telemetry, no pickles, no progress bars, no links.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
LOG_LEVELS = {
    "alembic": logging.WARNING,  # a line for each of some fifty migrations of a new store
    "mlflow.store": logging.WARNING,
    "mlflow.pyfunc": logging.WARNING,
    "mlflow.utils.environment": logging.ERROR,  # an environment made by uv has no pip whose version could be noted
    "mlflow.tracking._model_registry": logging.ERROR,
}


def connect() -> MlflowClient:
    """Point MLflow at ``MLFLOW_TRACKING_URI``, or else ``mlruns/mlflow.db``, made where missing, and quieten it.

    Raises
    ------
    GenreError
        If ``mlruns`` cannot be written.
    StoreError
        See :func:`check_address`.
    """
    check_address()
    for key, value in ENVIRONMENT.items():
        os.environ.setdefault(key, value)
    import mlflow

    for name, level in LOG_LEVELS.items():
        logging.getLogger(name).setLevel(level)
    # Hints on type hints and schemas: what is logged is given in full, and tested.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"mlflow\.")
    warnings.filterwarnings("ignore", message=".*Add type hints to the `predict` method")
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        try:
            folder().mkdir(exist_ok=True)
        except OSError as error:
            raise GenreError(f"{folder()} cannot be made: {error.strerror}") from error
        if not os.access(folder(), os.W_OK):
            raise GenreError(
                f"{folder()} cannot be written; valid: a writable folder, or MLFLOW_TRACKING_URI"
            )
        database = (folder() / "mlflow.db").resolve()
        if not database.exists():
            _make(database)
        mlflow.set_tracking_uri(_own_uri())
        _reach(_own_uri())
    return mlflow.MlflowClient()


def folder() -> Path:
    """Return the folder of runs and artifacts; an experiment of DVC's in a copy of the project has the project's."""
    here = Path.cwd()
    project = dvc_experiment.project(here)
    return STORE if project == here else project / STORE


def uri() -> str:
    """Return the address of the store: ``MLFLOW_TRACKING_URI``, or else that of ``mlruns/mlflow.db``."""
    return os.environ.get("MLFLOW_TRACKING_URI") or _own_uri()


def _check_kind(address: str) -> None:
    """Refuse what MLflow takes, or once took, and this project cannot use."""
    scheme, rest = address.partition(":")[::2]
    scheme = scheme.partition("+")[0] if rest else ""
    reason = ""
    if scheme != scheme.lower():
        reason = "whose kind is not in small letters"
    elif scheme == "sqlite" and (":memory:" in rest or not rest.removeprefix("//").strip("/")):
        reason = "a database in memory, which ends with its process"
    elif "databricks" in address.split(":") or (scheme or address) in ("databricks-uc", "uc"):
        reason = "Databricks, whose experiments are named by folders of a workspace"
    elif scheme in ("", "file"):
        reason = "a folder, which MLflow keeps no runs in any more"
    elif scheme not in SCHEMES and scheme not in {point.name for point in entry_points(group=PLUGINS)}:
        reason = "of a kind that MLflow does not know"
    if reason:
        raise StoreError(f"MLFLOW_TRACKING_URI is {errors.masked(address)}, {reason}; valid: {VALID}")


def _is_database(address: str) -> bool:
    return _kind(address) in DATABASES


def _kind(address: str) -> str:
    return address.partition(":")[0].partition("+")[0]


@lru_cache(maxsize=4)
def _reach(address: str) -> None:
    """Connect to a database once: MLflow itself tries ten times, for a minute and a half, whatever the reason."""
    if _kind(address) not in ("sqlite", *DATABASES):
        return
    import sqlalchemy

    try:
        # Another process may hold a SQLite file: that it is there is enough, MLflow waits for it.
        options = {"connect_args": {"timeout": 0}} if _kind(address) == "sqlite" else {}
        engine = sqlalchemy.create_engine(address, **options)
        if engine.dialect.is_async:
            raise sqlalchemy.exc.ArgumentError("an asynchronous driver, and MLflow takes none")
        if _kind(address) != "sqlite":
            with engine.connect():
                pass
        elif _is_made(Path(engine.url.database or "")):
            with engine.connect() as connection:
                # SQLite opens any file, and reads it only now.
                connection.exec_driver_sql("PRAGMA schema_version")
        engine.dispose()
    except (sqlalchemy.exc.SQLAlchemyError, ImportError, OSError) as error:
        if getattr(getattr(error, "orig", None), "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return
        named = "MLFLOW_TRACKING_URI" if os.environ.get("MLFLOW_TRACKING_URI") else "the store"
        valid = (
            VALID
            if _kind(address) == "sqlite"
            else "such as postgresql+psycopg://NAME:PASSWORD@HOST:5432/DATABASE"
        )
        raise StoreError(
            f"{named} is {errors.masked(address)}, which cannot be used ({errors.reason_of(error)}); "
            f"valid: {valid}; what was computed is kept"
        ) from error


def _is_made(database: Path) -> bool:
    """Return whether a SQLite file is there; where it is not, MLflow must be able to make it, and its folders."""
    if database.exists():
        return True
    above = next(folder for folder in database.absolute().parents if folder.exists())
    if not above.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(above))
    if not os.access(above, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(above))
    return False


def check_address() -> None:
    """Look whether ``MLFLOW_TRACKING_URI`` names a store that can be used, and anything responds if it is a server.

    MLflow itself tries for minutes. What was computed waits for the same command, so nothing is lost by less patience.

    Raises
    ------
    StoreError
        If the kind of store is not one of :data:`SCHEMES`, no server responds, or a database cannot be reached or
        refuses the password.
    """
    address = uri()
    _check_kind(address)
    if os.environ.get("MLFLOW_TRACKING_URI"):
        _reach(address)
    if _kind(address) not in ("http", "https"):
        return
    import requests

    try:
        requests.head(address, timeout=SERVER_TIMEOUT, allow_redirects=False)
    except requests.exceptions.SSLError:
        # It is there; whether it is trusted is MLflow's to say, by its own settings.
        return
    except (requests.RequestException, ValueError) as error:
        own: BaseException = error
        while (cause := own.__cause__ or own.__context__) is not None:
            own = cause
        reason = own.strerror if isinstance(own, OSError) and own.strerror else type(own).__name__
        raise StoreError(
            f"MLFLOW_TRACKING_URI is {errors.masked(address)}, where no server answers ({reason}); valid: one that "
            "runs, or no variable, for the store of this folder"
        ) from error


def _own_uri() -> str:
    return f"sqlite:///{(folder() / 'mlflow.db').resolve()}"


def _make(database: Path) -> None:
    """Make a store beside its place: one that is killed in the middle of its fifty migrations never opens again."""
    from filelock import FileLock
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    with FileLock(database.with_name(".creation.lock")):
        if database.exists():
            return
        with atomic.replacing(database) as path:
            made = SqlAlchemyStore(f"sqlite:///{path}", str(folder() / "artifacts"))
            # MLflow makes an experiment "Default" in every new store; empty, it only distracts.
            made.delete_experiment(made.DEFAULT_EXPERIMENT_ID)
            made.engine.dispose()


def _artifact_root() -> str:
    if not (root := os.environ.get(ARTIFACT_ROOT)):
        # MLflow would take a folder of this machine, which no other one reads.
        raise StoreError(
            f"{ARTIFACT_ROOT} is not set, and MLFLOW_TRACKING_URI is a database, which holds no files; valid: such as "
            "s3://BUCKET/FOLDER, or a folder that every machine has"
        )
    return root


def experiment(client: MlflowClient, name: str) -> str:
    """Return the id of an experiment of :data:`EXPERIMENTS`, made where missing.

    Raises
    ------
    StoreError
        If a database is named, and no place for its files.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    if found := client.get_experiment_by_name(name):
        return str(found.experiment_id)
    location = None
    if mlflow.get_tracking_uri() == _own_uri():
        location = (folder() / "artifacts" / name).resolve().as_uri()
    elif _is_database(mlflow.get_tracking_uri()):
        location = f"{_artifact_root().rstrip('/')}/{name}"
    tags = {"mlflow.experimentKind": "custom_model_development", "mlflow.note.content": EXPERIMENTS[name]}
    try:
        return client.create_experiment(name, artifact_location=location, tags=tags)
    except MlflowException:
        # Another stage, started at the same time, was quicker.
        if found := client.get_experiment_by_name(name):
            return str(found.experiment_id)
        raise
