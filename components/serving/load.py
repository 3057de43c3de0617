"""Which model speaks: its address, the training run behind it, and the loaded model itself."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components import tracking
from components.config.params import Params
from components.core.errors import RegistryError
from components.tracking import integrity

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

    from components.serving.pyfunc_model import GenreModel


@dataclass(frozen=True)
class Voice:
    """A loaded model, and where it came from.

    Attributes
    ----------
    uri : str
        A ``models:/`` or ``runs:/`` address without alias, so that it names the same model tomorrow.
    name : str
        The model's name, such as ``mlp``.
    run_id : str
        Its training run.
    model : GenreModel
        What answers.
    marks : tuple of str
        What must be said wherever it answers, such as an untrained encoder.
    """

    uri: str
    name: str
    run_id: str
    model: GenreModel
    marks: tuple[str, ...] = ()


def store() -> MlflowClient:
    """Connect to the runs of this workspace without making a store where there is none.

    Returns
    -------
    MlflowClient
        From :func:`components.tracking.connect`.

    Raises
    ------
    RegistryError
        If nothing was ever trained here.
    """
    path = tracking.STORE / "mlflow.db"
    if not os.environ.get("MLFLOW_TRACKING_URI") and not path.is_file():
        raise RegistryError(
            f"{path} is not there: nothing was trained in {Path.cwd()}; "
            "valid: a folder where `genre run` has finished, or MLFLOW_TRACKING_URI"
        )
    return tracking.connect()


def latest_runs(client: MlflowClient) -> dict[str, Run]:
    """Find the latest finished training run of each model.

    Parameters
    ----------
    client : MlflowClient
        From :func:`store`.

    Returns
    -------
    dict of str to Run
        By model name, sorted.
    """
    from components.tracking.store import TRAINING

    experiment = client.get_experiment_by_name(TRAINING)
    found: dict[str, Run] = {}
    if experiment is not None:
        runs = client.search_runs(
            [experiment.experiment_id],
            filter_string="attributes.status = 'FINISHED'",
            order_by=["attributes.start_time DESC"],
        )
        for run in runs:
            if "model" in run.data.tags:
                found.setdefault(run.data.tags["model"], run)
    return dict(sorted(found.items()))


def address(client: MlflowClient, model: str | None, *, params: Params) -> str:
    """Say which model is meant.

    Parameters
    ----------
    client : MlflowClient
        From :func:`store`.
    model : str or None
        ``models:/NAME/VERSION``, ``models:/NAME@ALIAS``, ``runs:/RUN``, the name of a trained model (its latest
        run), or None for the champion.
    params : Params
        For ``promotion.registered_model``.

    Returns
    -------
    str
        An address that MLflow loads.

    Raises
    ------
    RegistryError
        If there is no champion, or no such model.
    """
    from components.registry import promote

    if model is None:
        name = params.promotion.registered_model
        current = promote.champion(client, name)
        if current is None:
            raise RegistryError(
                f"models:/{name}@{promote.CHAMPION} is not there: no model was promoted yet; valid: "
                f"`genre run` or `genre promote` first, or --model with {_choices(client)}"
            )
        return f"models:/{name}/{current.version}"
    if model.startswith("models:/"):
        return model
    if model.startswith("runs:/"):
        return model if model.count("/") > 1 else f"{model}/model"
    if run := latest_runs(client).get(model):
        return f"runs:/{run.info.run_id}/model"
    raise RegistryError(f"--model {model!r} is not there; valid: {_choices(client)}")


def _choices(client: MlflowClient) -> str:
    return ", ".join([*latest_runs(client), "models:/NAME/VERSION", "runs:/RUN"])


def run_of(client: MlflowClient, uri: str) -> Run:
    """Find the training run behind an address, without loading the model.

    Parameters
    ----------
    client : MlflowClient
        From :func:`store`.
    uri : str
        From :func:`address`.

    Returns
    -------
    Run
        Its tags ``model`` and ``weights_sha256`` say who would speak.

    Raises
    ------
    RegistryError
        If there is no such model, or it is none of this project.
    """
    from mlflow.exceptions import MlflowException

    kind, name, *rest = uri.replace("@", "/@").replace(":/", "/").split("/")
    try:
        if kind == "runs":
            run = client.get_run(name)
        elif rest[0].startswith("@"):
            run = client.get_run(str(client.get_model_version_by_alias(name, rest[0][1:]).run_id))
        else:
            run = client.get_run(str(client.get_model_version(name, rest[0]).run_id))
    except (MlflowException, IndexError) as error:
        reason = " ".join(str(error).split())
        raise RegistryError(
            f"{uri} is not there: {reason}; valid: the champion, or {_choices(client)}"
        ) from error
    if "weights_sha256" not in run.data.tags:
        raise RegistryError(f"{uri} is not a genre model; valid: the champion, or {_choices(client)}")
    return run


def load(client: MlflowClient, uri: str) -> Voice:
    """Load a logged model.

    Parameters
    ----------
    client : MlflowClient
        From :func:`store`.
    uri : str
        From :func:`address`.

    Returns
    -------
    Voice
        The model, ready to answer.

    Raises
    ------
    RegistryError
        If it is not there, or is not a model of this project.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    files = integrity.checked(client, uri)
    try:
        loaded = mlflow.pyfunc.load_model(str(files))
    except (MlflowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise RegistryError(
            f"{uri} cannot be loaded: {reason}; valid: the champion, or {_choices(client)}"
        ) from error
    from components.serving.pyfunc_model import GenreModel

    try:
        model = loaded.unwrap_python_model()
    except (AttributeError, MlflowException):
        model = None
    if not isinstance(model, GenreModel):
        raise RegistryError(f"{uri} is not a genre model; valid: the champion, or {_choices(client)}")
    record = model.record
    return Voice(uri, record.model, str(loaded.metadata.run_id or ""), model, tuple(record.marks))
