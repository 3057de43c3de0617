"""The run of a trained model, logged from its files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from components.core import hashing, lineage
from components.core.errors import TrainingError
from components.evaluation.metrics import confusion
from components.reporting import figures, model_card
from components.tracking import integrity, runs, store
from components.tracking.errors import reached
from components.tracking.search_runs import ensure_tuning_logged
from components.training.record import LEAKY, TrainingRecord

ARTIFACTS_OF_A_MODEL = ("model.keras", "history.csv", "predictions.parquet", "training.json", "metrics.json")


@reached()
def ensure_logged(name: str, *, log_model: Callable[..., None], root: Path = Path("data")) -> str:
    """Make sure that a trained model has its training run; log it from its files if not.

    Parameters
    ----------
    name : str
        A trained model.
    log_model : callable
        Logs the model itself: ``log_model(run_id, folder=..., record=...)``.
    root : Path
        The data folder.

    Returns
    -------
    str
        The run's id.

    Raises
    ------
    TrainingError
        If the model's files are missing.
    StoreError
        If MLflow's store fails.
    """
    folder = root / "models" / name
    missing = [file for file in ARTIFACTS_OF_A_MODEL if not (folder / file).is_file()]
    if missing:
        raise TrainingError(f"{folder} lacks {', '.join(missing)}; run `dvc repro train@{name}`")
    record = TrainingRecord.read(folder)
    client = store.connect()
    where = store.experiment(client, store.TRAINING)
    identity = hashing.file(folder / "metrics.json") + record.weights_sha256
    if known := runs.find(client, identity, experiment_id=where):
        return str(known.info.run_id)
    search = ensure_tuning_logged(name, root=root)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    commit = runs.source_tags().get("mlflow.source.git.commit", "")
    run_id = runs.begin(
        client,
        experiment_id=where,
        name=name,
        tags={
            runs.IDENTITY: identity,
            "tuning_run": search,
            runs.NOTE: model_card.card(record, metrics=metrics, commit=commit),
            **tags_of(record),
        },
        seconds=record.seconds,
    )
    runs.log_params(
        client,
        run_id,
        values={
            **record.hyperparameters,
            "feature": record.feature.feature,
            "seed": record.seed,
            "protocol": record.protocol,
            "max_epochs": record.training.epochs,
            "patience": record.training.patience,
        },
    )
    history = pd.read_csv(folder / "history.csv")
    runs.log_history(client, run_id, history=history)
    figures_of_the_run = {
        "seconds": record.seconds,
        "peak_memory_mib": record.peak_memory_mib,
        "file_mib": record.file_bytes / 2**20,
    }
    for key, value in {**metrics, **figures_of_the_run}.items():
        client.log_metric(run_id, key, value)
    _log_input(run_id, record=record, folder=folder, root=root)
    for file in ARTIFACTS_OF_A_MODEL:
        client.log_artifact(run_id, str(folder / file), artifact_path="training")
    predictions = pd.read_parquet(folder / "predictions.parquet")
    counts = confusion(predictions, genres=record.genres, part="test")
    for file, figure in (
        ("learning_curves.png", figures.learning(history)),
        ("confusion.png", figures.confusion(counts)),
    ):
        client.log_figure(run_id, figure, file, save_kwargs={"dpi": 200})
    client.log_table(run_id, per_class(predictions, genres=record.genres), "per_class.json")
    log_model(run_id, folder=folder, record=record)
    client.set_tag(run_id, integrity.TAG, integrity.of_run(client, run_id))
    return runs.finish(client, run_id, identity=identity, experiment_id=where)


def _log_input(run_id: str, *, record: TrainingRecord, folder: Path, root: Path) -> None:
    import mlflow
    from mlflow.data.pandas_dataset import from_pandas

    rows = pd.read_parquet(folder / "predictions.parquet", columns=["part", "track", "genre"])
    feature = record.feature.feature
    dataset = from_pandas(
        rows,
        source=str(root / "features" / feature),
        targets="genre",
        name=f"{feature} split {record.fingerprint[:8]}",
        digest=record.feature_sha256[:32],
    )
    client = mlflow.MlflowClient()
    from mlflow.entities import DatasetInput, InputTag

    tags = {
        "split_fingerprint": record.fingerprint,
        "dvc_md5": lineage.hashes().get(f"data/features/{feature}", lineage.UNKNOWN),
        "mlflow.data.context": "training and evaluation",
    }
    client.log_inputs(
        run_id,
        [DatasetInput(dataset._to_mlflow_entity(), [InputTag(key, value) for key, value in tags.items()])],
    )


def tags_of(record: TrainingRecord) -> dict[str, str]:
    """Say on a run what must be known before its numbers are read.

    Parameters
    ----------
    record : TrainingRecord
        The trained model's.

    Returns
    -------
    dict of str to str
        Model, variant, preset, protocol, fingerprint, parts fitted on, the leaky mark, the pretrained weights' origin.
    """
    encoder = record.feature.pretrained
    return {
        "model": record.model,
        "variant": record.variant,
        "fitted_on": record.fitted_on,
        "preset": record.preset,
        "protocol": record.protocol,
        "split_fingerprint": record.fingerprint,
        "leaky": LEAKY if record.leaky else "no",
        "weights_sha256": record.weights_sha256,
        "genres": json.dumps(record.genres, ensure_ascii=False),
        "pretrained": "none" if encoder is None else encoder.origin,
        "pretrained_trained": "not applicable" if encoder is None else str(encoder.trained).lower(),
        "warnings": "; ".join(record.warnings) or "none",
    }


def per_class(predictions: pd.DataFrame, *, genres: list[str]) -> pd.DataFrame:
    """Lay out precision, recall, F1 and support of each genre over test segments.

    Parameters
    ----------
    predictions : DataFrame
        A model's predictions.
    genres : list of str
        Label order.

    Returns
    -------
    DataFrame
        One row a genre.
    """
    from sklearn.metrics import classification_report

    test = predictions[predictions["part"] == "test"]
    report = classification_report(
        test["genre"].to_numpy(dtype=object),
        test["predicted"].to_numpy(dtype=object),
        labels=genres,
        output_dict=True,
        zero_division=0,
    )
    return pd.DataFrame([{"genre": genre, **report[genre]} for genre in genres])
