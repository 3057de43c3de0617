"""Loaded models: the address of one, the training run behind it, and the checked, loaded model itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components.config.params import Params, UnsureParams
from components.core.errors import ParamsError, RegistryError
from components.tracking import integrity, reader
from components.tracking.errors import is_missing, reached
from components.tracking.store import TRAINING, check_address

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

    from components.serving.genre_model import GenreModel

#: MLflow's description of a logged model, and the name of the code that this project's are made by.
DESCRIPTION, ENTRYPOINT = "MLmodel", "pyfunc_entrypoint.py"
#: Alias of the version that serves.
CHAMPION = "champion"


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to predict.

    Attributes
    ----------
    uri : str
        A ``models:/`` or ``runs:/`` address without alias, so that it names the same model tomorrow.
    run_id : str
        Its training run.
    model : GenreModel
        The network with its features.
    """

    uri: str
    run_id: str
    model: GenreModel

    @property
    def name(self) -> str:
        """The model's name, such as ``mlp``."""
        return self.model.record.model

    @property
    def genres(self) -> list[str]:
        """The genres in label order."""
        return self.model.record.genres

    @property
    def marks(self) -> list[str]:
        """What goes wherever its predictions are shown, such as an untrained encoder."""
        return self.model.record.marks


def store() -> MlflowClient | reader.Reader:
    """Open the runs of this workspace for reading, without making a store where there is none.

    Raises
    ------
    RegistryError
        If nothing was ever trained here.
    StoreError
        If the store cannot be used, or is a server that does not answer.
    """
    check_address()
    path = reader.database()
    if path is not None and not path.is_file():
        raise RegistryError(
            f"{path} {'is no file' if path.exists() else 'does not exist'}: nothing was trained in {Path.cwd()}; "
            "valid: a folder where `genre run` has finished, or MLFLOW_TRACKING_URI"
        )
    return reader.opened()


@reached()
def champion(client: MlflowClient | reader.Reader, name: str) -> ModelVersion | None:
    """Return the version of a registered model that serves; None where none was promoted yet."""
    try:
        return client.get_model_version_by_alias(name, CHAMPION)
    except Exception as error:
        if is_missing(error):
            return None
        raise


@reached()
def latest_runs(client: MlflowClient | reader.Reader) -> dict[str, Run]:
    """Find the latest finished training run of each model, by model name, sorted."""
    experiment = client.get_experiment_by_name(TRAINING)
    if experiment is None:
        return {}
    # The newest come first.
    runs = reversed(client.search_runs([experiment.experiment_id]))
    finished = [run for run in runs if run.info.status == "FINISHED" and "model" in run.data.tags]
    return dict(sorted({run.data.tags["model"]: run for run in finished}.items()))


@reached()
def address(client: MlflowClient | reader.Reader, model: str | None, *, params: Params) -> str:
    """Resolve a model's name to an address that MLflow loads.

    Parameters
    ----------
    client : MlflowClient
        From :func:`store`.
    model : str or None
        ``models:/NAME/VERSION``, ``models:/NAME@ALIAS``, ``runs:/RUN``, the name of a trained model (its latest
        run), or None for the champion.
    params : Params
        For ``promotion.registered_model``.

    Raises
    ------
    RegistryError
        If there is no champion.
    ParamsError
        If there is no such model.
    StoreError
        If MLflow's store fails.
    """
    if model is None:
        name = params.promotion.registered_model
        current = champion(client, name)
        if current is None:
            raise RegistryError(
                f"models:/{name}@{CHAMPION} does not exist: no model was promoted yet; valid: "
                f"`genre run` or `genre promote` first, or --model with {_choices(client)}"
            )
        return f"models:/{name}/{current.version}"
    if model.startswith("models:/"):
        return model
    if model.startswith("runs:/"):
        return model if model.count("/") > 1 else integrity.address(_run(client, model))
    if run := latest_runs(client).get(model):
        return integrity.address(run)
    raise ParamsError(f"--model {model!r} does not exist; valid: {_choices(client)}")


def _run(client: MlflowClient | reader.Reader, model: str) -> Run:
    try:
        return client.get_run(model.removeprefix("runs:/"))
    except Exception as error:
        if not is_missing(error):
            raise
        raise ParamsError(f"--model {model!r} does not exist; valid: {_choices(client)}") from error


def _choices(client: MlflowClient | reader.Reader) -> str:
    return ", ".join([*latest_runs(client), "models:/NAME/VERSION", "runs:/RUN"])


def _unusable(client: MlflowClient | reader.Reader, uri: str, reason: str) -> RegistryError:
    return RegistryError(f"{uri} {reason}; valid: the champion, or {_choices(client)}")


@reached()
def run_of(client: MlflowClient | reader.Reader, uri: str) -> Run:
    """Find the training run behind an address, without loading the model.

    Its tags ``model`` and ``weights_sha256`` identify the model.

    Raises
    ------
    RegistryError
        If there is no such model, or it is none of this project.
    """
    run = client.get_run(integrity.resolve(client, uri).run_id)
    if "weights_sha256" not in run.data.tags:
        raise _unusable(client, uri, "is not a genre model")
    return run


def load(
    client: MlflowClient | reader.Reader, uri: str, *, unsure: UnsureParams | None = None
) -> LoadedModel:
    """Load a logged model from files that are as they were logged; no code of theirs is run.

    Parameters
    ----------
    client : MlflowClient
        From :func:`store`.
    uri : str
        From :func:`address`.
    unsure : UnsureParams, optional
        Which predictions are unsure; by default as it was trained with.

    Raises
    ------
    RegistryError
        If it does not exist, was altered, or is not a model of this project.
    """
    import yaml

    from components.core.yaml_loader import explain, load_yaml
    from components.serving.genre_model import GenreModel

    files = integrity.checked(client, uri)
    try:
        description = load_yaml((files / DESCRIPTION).read_bytes())
        flavour = description["flavors"]["python_function"]
        if Path(flavour["model_code_path"]).name != ENTRYPOINT:
            raise _unusable(client, uri, "is not a genre model")
        artifacts = {name: str(files / one["path"]) for name, one in flavour["artifacts"].items()}
        model = GenreModel.load(artifacts)
        model.unsure = unsure or model.unsure
    except KeyError as error:
        # A file that the code of today takes from a model: this one was logged by other code.
        raise _unusable(client, uri, f"lacks {error}: another version of this project logged it") from error
    except (yaml.YAMLError, OSError, AttributeError, TypeError) as error:
        raise _unusable(client, uri, f"cannot be loaded: {explain(error)}") from error
    return LoadedModel(uri, str(description.get("run_id") or ""), model)
