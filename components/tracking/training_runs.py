"""The run of a trained model, logged from its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from components.config.params import Params
from components.core import lineage
from components.core.errors import TrainingError
from components.reporting import figures, model_card
from components.serving import packaging
from components.tracking import integrity, runs, store
from components.tracking.errors import reached
from components.tracking.search_runs import ensure_tuning_logged

ARTIFACTS_OF_A_MODEL = ("model.keras", "history.csv", "predictions.parquet", "training.json", "metrics.json")


@reached()
def ensure_logged(name: str, *, params: Params, root: Path = Path("data")) -> str:
    """Make sure that a trained model has its training run; log it from its files if not.

    Parameters
    ----------
    name : str
        A trained model.
    params : Params
        The checked params.
    root : Path
        The data folder.

    Returns
    -------
    str
        Run id.

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
    facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    client = store.connect()
    where = store.experiment(client, store.TRAINING)
    identity = runs.file_hash(folder / "metrics.json") + facts["weights_sha256"]
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
            runs.NOTE: model_card.card(facts, metrics=metrics, commit=commit),
            **tags_of(facts),
        },
        seconds=facts["seconds"],
    )
    runs.log_params(
        client,
        run_id,
        values={
            **facts["hyperparameters"],
            "feature": facts["feature"]["feature"],
            "seed": facts["seed"],
            "protocol": facts["protocol"],
            "max_epochs": facts["training"]["epochs"],
            "patience": facts["training"]["patience"],
        },
    )
    history = pd.read_csv(folder / "history.csv")
    runs.log_history(client, run_id, history=history)
    figures_of_the_run = {
        "seconds": facts["seconds"],
        "peak_memory_mib": facts["peak_memory_mib"],
        "file_mib": facts["file_bytes"] / 2**20,
    }
    for key, value in {**metrics, **figures_of_the_run}.items():
        client.log_metric(run_id, key, value)
    _log_input(run_id, facts=facts, folder=folder, root=root)
    for file in ARTIFACTS_OF_A_MODEL:
        client.log_artifact(run_id, str(folder / file), artifact_path="training")
    predictions = pd.read_parquet(folder / "predictions.parquet")
    client.log_figure(run_id, figures.learning_curves(history, title=name), "learning_curves.png")
    client.log_figure(
        run_id,
        figures.confusion(predictions, genres=facts["genres"], part="test", title=name),
        "confusion.png",
    )
    client.log_table(run_id, per_class(predictions, genres=facts["genres"]), "per_class.json")
    packaging.log(run_id, folder=folder, facts=facts)
    client.set_tag(run_id, integrity.TAG, integrity.of_run(client, run_id))
    return runs.finish(client, run_id, identity=identity, experiment_id=where)


def _log_input(run_id: str, *, facts: Mapping[str, Any], folder: Path, root: Path) -> None:
    import mlflow
    from mlflow.data.pandas_dataset import from_pandas

    rows = pd.read_parquet(folder / "predictions.parquet", columns=["part", "track", "genre"])
    feature = facts["feature"]["feature"]
    dataset = from_pandas(
        rows,
        source=str(root / "features" / feature),
        targets="genre",
        name=f"{feature} split {facts['fingerprint'][:8]}",
        digest=facts["feature_sha256"][:32],
    )
    client = mlflow.MlflowClient()
    from mlflow.entities import DatasetInput, InputTag

    tags = {
        "split_fingerprint": facts["fingerprint"],
        "dvc_md5": lineage.hashes().get(f"data/features/{feature}", lineage.UNKNOWN),
        "mlflow.data.context": "training and evaluation",
    }
    client.log_inputs(
        run_id,
        [DatasetInput(dataset._to_mlflow_entity(), [InputTag(key, value) for key, value in tags.items()])],
    )


def tags_of(facts: Mapping[str, Any]) -> dict[str, str]:
    """Say on a run what must be known before its numbers are read.

    Parameters
    ----------
    facts : mapping
        What ``training.json`` holds.

    Returns
    -------
    dict of str to str
        Model, variant, preset, protocol, fingerprint, parts fitted on, the leaky mark, the pretrained weights' origin.
    """
    pretrained = facts["feature"].get("pretrained")
    return {
        "model": facts["model"],
        "variant": facts.get("variant", "study"),
        "fitted_on": "train and validation" if facts.get("refit") else "train",
        "preset": facts["preset"],
        "protocol": facts["protocol"],
        "split_fingerprint": facts["fingerprint"],
        "leaky": "leaky: songs on both sides" if facts["leaky"] else "no",
        "weights_sha256": facts["weights_sha256"],
        "genres": json.dumps(facts["genres"], ensure_ascii=False),
        "pretrained": "none" if pretrained is None else pretrained["origin"],
        "pretrained_trained": "not applicable" if pretrained is None else str(pretrained["trained"]).lower(),
        "warnings": "; ".join(facts["warnings"]) or "none",
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
