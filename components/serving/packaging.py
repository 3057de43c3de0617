"""Log a trained model as one that needs nothing but itself: code, encoder weights and requirements inside."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.core.errors import PretrainedError
from components.features.encoders import base as encoders
from components.training.record import TrainingRecord

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

#: What a model needs to answer; logged at the versions it was trained with.
REQUIREMENTS = (
    "mlflow", "tensorflow", "keras", "librosa", "soundfile", "soxr", "numpy", "scipy", "pandas", "pyarrow",
    "pydantic", "pyyaml", "pillow", "matplotlib", "filelock", "psutil", "scikit-learn",
)  # fmt: skip


def signature(genres: list[str]) -> ModelSignature:
    """Describe what goes in and comes out.

    Parameters
    ----------
    genres : list of str
        Label order.

    Returns
    -------
    ModelSignature
        In: ``audio``, a file's bytes (base64 in JSON). Out: genre, timeline, one probability a genre.
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import Array, ColSpec, DataType, Object, Property, Schema

    moment = Object(
        [
            Property("start", DataType.double),
            Property("genre", DataType.string),
            Property("probability", DataType.double),
        ]
    )
    outputs: list[Any] = [ColSpec(DataType.string, "genre"), ColSpec(Array(moment), "timeline")]
    outputs += [ColSpec(DataType.double, f"probability.{genre}") for genre in genres]
    return ModelSignature(inputs=Schema([ColSpec(DataType.binary, "audio")]), outputs=Schema(outputs))


def requirements(record: TrainingRecord) -> list[str]:
    """Pin what a model needs.

    Parameters
    ----------
    record : TrainingRecord
        The trained model's.

    Returns
    -------
    list of str
        ``name==version`` of what is installed here.
    """
    name = encoder(record)
    needed = REQUIREMENTS + (encoders.find(name).REQUIREMENTS if name else ())
    return [f"{package}=={version(package)}" for package in needed]


def encoder(record: TrainingRecord) -> str | None:
    """Name the trained encoder a model carries, if any."""
    known = record.feature.pretrained
    return known.encoder if known and known.trained else None


def artifacts(folder: Path, *, record: TrainingRecord, reference: Path) -> dict[str, str]:
    """Name the files that travel with a model.

    Parameters
    ----------
    folder : Path
        ``data/models/<name>``.
    record : TrainingRecord
        The trained model's.
    reference : Path
        The songs it was trained on, summed up: what new ones are compared with.

    Returns
    -------
    dict of str to str
        Path by name.

    Raises
    ------
    PretrainedError
        If the encoder's weights are gone since its feature was extracted.
    """
    files = {
        "model": str(folder / "model.keras"),
        "training": str(folder / "training.json"),
        "reference": str(reference),
    }
    if encoded := encoder(record):
        files["encoder"] = str(encoders.find(encoded).locate(record.params.pretrained[encoded]))
    for name, path in files.items():
        if not Path(path).exists():
            raise PretrainedError(f"{name}: {path} is not there; it must travel with the model")
    return files


@contextmanager
def open_run(run_id: str) -> Iterator[None]:
    """Make a run the one that MLflow's functions write to, and leave it running.

    MLflow's own context ends it: a process killed between that and the last tag would leave a run that counts as
    finished and is not whole.

    Parameters
    ----------
    run_id : str
        A run that has not ended.
    """
    import mlflow

    with mlflow.start_run(run_id=run_id):
        yield
        mlflow.end_run("RUNNING")


def log(run_id: str, *, folder: Path, record: TrainingRecord) -> None:
    """Log the model to its run.

    Parameters
    ----------
    run_id : str
        A training run.
    folder : Path
        ``data/models/<name>``; its feature lies in ``data/features``.
    record : TrainingRecord
        The trained model's.

    Raises
    ------
    FeatureError
        If the feature it was trained on is gone.
    PretrainedError
        See :func:`artifacts`.
    """
    import mlflow
    import pandas as pd

    import components
    from components.features.pipeline import store as feature_store
    from components.registry.smoke_test import question
    from components.serving import drift

    index, values, _meta = feature_store.read(record.feature.feature, root=folder.parents[1])
    heard = drift.reference(index, values, feature=record.feature, tracks=record.train_tracks)

    package = Path(components.__file__).parent
    example = pd.DataFrame({"audio": [question(seconds=4.0)]})
    os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    with tempfile.TemporaryDirectory() as temporary, open_run(run_id):
        reference = Path(temporary) / "reference.parquet"
        heard.to_parquet(reference, index=False)
        mlflow.pyfunc.log_model(
            name="model",
            python_model=str(package / "serving" / "pyfunc_entrypoint.py"),
            artifacts=artifacts(folder, record=record, reference=reference),
            code_paths=[str(package)],
            signature=signature(record.genres),
            input_example=example,
            pip_requirements=requirements(record),
            metadata={"weights_sha256": record.weights_sha256},
        )


def as_request(audio: bytes) -> dict[str, Any]:
    """Put a file's bytes into the body that ``mlflow models serve`` takes.

    Parameters
    ----------
    audio : bytes
        A file's content.

    Returns
    -------
    dict
        For :func:`json.dumps`.
    """
    return {"dataframe_records": [{"audio": base64.b64encode(audio).decode("ascii")}]}
