"""Integrity of logged models: their files are hashed when logged, and checked each time before they are loaded."""

from __future__ import annotations

import atexit
import errno
import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

from components.core import hashing
from components.core.errors import RegistryError, StoreError, UnknownModelError
from components.tracking.errors import is_missing, reached

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

#: Tag of a training run, and of a registered version.
TAG = "model_files_sha256"
#: Tag of a training run: what MLflow calls the model that it has logged.
NAME = "logged_model"
#: What MLflow itself writes beside a model when it is loaded, and what Python writes beside its code.
WRITTEN_LATER = ("registered_model_meta", "__pycache__")


class Logged(NamedTuple):
    """A logged model: the run that logged it, where its files are, and their hash."""

    run_id: str
    location: str
    sha256: str


def of_files(folder: Path) -> str:
    """Return the SHA-256, 64 hexadecimal digits, of the names and contents of a logged model's files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder)
        if not set(name.parts) & set(WRITTEN_LATER):
            digest.update(f"{name.as_posix()}\0{hashing.file(path)}\n".encode())
    return digest.hexdigest()


def address(run: Run) -> str:
    """Return the address by which MLflow loads the model that a run has logged."""
    # Runs of before the tag have logged it by this name.
    return f"runs:/{run.info.run_id}/{run.data.tags.get(NAME, 'model')}"


def of_run(client: MlflowClient, run_id: str) -> str:
    """Hash the model that a run has just logged; see :func:`of_files`."""
    return of_files(_fetched(_location_of_run(client, run_id)))


def checked(client: MlflowClient, uri: str) -> Path:
    """Find a logged model's files and make sure that they are those that were logged.

    Parameters
    ----------
    client : MlflowClient
        From :func:`components.tracking.connect`.
    uri : str
        ``models:/NAME/VERSION``, ``models:/NAME@ALIAS`` or ``runs:/RUN/model``.

    Returns
    -------
    Path
        A folder on this machine, for :func:`mlflow.pyfunc.load_model`.

    Raises
    ------
    RegistryError
        If a file is missing or altered, or the model was not logged by this project.
    StoreError
        If MLflow's store fails.
    """
    logged = resolve(client, uri)
    remedy = "`genre rollback VERSION` takes another version, `genre run` logs a lost model again"
    if not logged.sha256:
        raise RegistryError(
            f"{uri} has no tag {TAG}: it was not logged by this project, and loading it would run its code; "
            "valid: a model that `genre run` has logged"
        )
    try:
        folder = _fetched(logged.location)
    except StoreError as error:
        reason = " ".join(str(error.__cause__).split())
        raise RegistryError(
            f"{uri}: its files cannot be read from {logged.location} ({reason}); {remedy}"
        ) from error
    found = of_files(folder)
    if found != logged.sha256:
        raise RegistryError(
            f"{uri}: its files in {folder} are not those that were logged (hash {found[:12]}, logged "
            f"{logged.sha256[:12]}); nothing of it was loaded; {remedy}"
        )
    return folder


@reached()
def resolve(client: MlflowClient, uri: str) -> Logged:
    """Find the model behind an address; see :func:`checked`.

    Raises
    ------
    RegistryError
        If there is none.
    """
    kind, _, rest = uri.partition(":/")
    try:
        if kind == "runs":
            run_id = rest.split("/")[0]
            tags = client.get_run(run_id).data.tags
            return Logged(run_id, _location_of_run(client, run_id), tags.get(TAG, ""))
        name, at, alias = rest.partition("@")
        if at:
            version = client.get_model_version_by_alias(name, alias)
        else:
            name, _, number = rest.partition("/")
            version = client.get_model_version(name, number)
    except Exception as error:
        if not is_missing(error):
            raise
        raise UnknownModelError(
            f"{uri} does not exist ({error}); valid: models:/NAME/VERSION, models:/NAME@champion or "
            "runs:/RUN of a model that `genre run` has logged"
        ) from error
    location = client.get_model_version_download_uri(version.name, version.version)
    return Logged(str(version.run_id), location, version.tags.get(TAG, ""))


def _location_of_run(client: MlflowClient, run_id: str) -> str:
    outputs = client.get_run(run_id).outputs
    if outputs is None or not outputs.model_outputs:
        raise RegistryError(f"run {run_id} has logged no model; valid: a training run that has ended")
    return str(client.get_logged_model(outputs.model_outputs[-1].model_id).artifact_location)


@reached()
def _fetched(location: str) -> Path:
    # Local files are read where they are: MLflow would write into a store that may be read-only, or copy them.
    if location.startswith("file:"):
        local = Path(url2pathname(urlsplit(location).path))
        if not local.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no such folder", str(local))
        return local
    import mlflow

    folder = tempfile.mkdtemp(prefix="genre-model-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(mlflow.artifacts.download_artifacts(artifact_uri=location, dst_path=folder))
