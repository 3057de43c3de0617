"""Runs of an external evaluation: one a model, linked to it and to its training run; logged from files, once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from components.core import hashing
from components.external_evaluation.record import EvaluatedModel, Evaluation
from components.tracking import store
from components.tracking.errors import reached
from components.tracking.runs import NOTE, Runs

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput


@reached()
def ensure_evaluation_logged(folder: Path) -> dict[str, str]:
    """Make sure that each model of an evaluation has its run.

    A run's metrics are ``headline/<metric>``, ``<group>/<metric>`` of each group that has songs, and ``gap/points``;
    they stand on the page of the logged model too.

    Parameters
    ----------
    folder : Path
        Holds ``evaluation.json``, ``index.html``, ``songs.csv`` and ``songs.parquet``.

    Returns
    -------
    dict of str to str
        The run's id, by model.

    Raises
    ------
    StoreError
        If MLflow's store fails.
    """
    runs = Runs(store.EVALUATIONS)
    evaluation = Evaluation.read(folder)
    songs = pd.read_parquet(folder / "songs.parquet")
    identity = hashing.file(folder / Evaluation.FILE)
    return {
        label: _ensure(
            runs, label, evaluation=evaluation, songs=songs[songs["model"] == label], folder=folder,
            identity=f"{identity}-{label}",
        )
        for label in evaluation.models
    }  # fmt: skip


def _ensure(
    runs: Runs,
    label: str,
    *,
    evaluation: Evaluation,
    songs: pd.DataFrame,
    folder: Path,
    identity: str,
) -> str:
    from mlflow.entities import LoggedModelInput

    if known := runs.find(identity):
        return known
    model = evaluation.models[label]
    tags = {
        "model": model.model,
        "uri": model.uri,
        "version": model.version,
        "weights_sha256": model.weights_sha256,
        "training_run": model.run_id,
        "model_id": model.model_id,
        "evaluated_on": evaluation.name,
        "labels": evaluation.labels,
        "songs_fingerprint": evaluation.fingerprint,
        "headline": model.headline or "none",
        "marks": "; ".join(model.marks) or "none",
        NOTE: "\n\n".join(evaluation.notes) or "Songs and artists of the training are reported apart.",
    }
    with runs.open(
        f"{label} on {evaluation.name}",
        tags=tags,
        identity=identity,
        params={"seed": evaluation.seed, "songs": evaluation.songs, "artists": evaluation.artists},
    ) as run_id:
        dataset = _dataset(songs, evaluation=evaluation)
        linked = [LoggedModelInput(model.model_id)] if model.model_id else None
        runs.client.log_inputs(run_id, datasets=[dataset], models=linked)
        runs.measure(run_id, metrics_of(model), model_id=model.model_id or None, dataset=dataset)
        for path in sorted(folder.iterdir()):
            runs.client.log_artifact(run_id, str(path))
        return runs.finish(run_id, identity=identity)


def metrics_of(model: EvaluatedModel) -> dict[str, float]:
    """Flatten a model's figures, all that are numbers: those of its headline and of each group."""
    groups = model.groups | ({"headline": model.figures} if model.figures else {})
    found = {
        f"{group}.{metric}": float(value)
        for group, figures in groups.items()
        for metric, value in figures.model_dump(exclude={"drawn"}).items()
    }
    if model.gap:
        found |= {"gap.record_headline": model.gap.record, "gap.points": model.gap.points}
    return found


def _dataset(songs: pd.DataFrame, *, evaluation: Evaluation) -> DatasetInput:
    from mlflow.data.pandas_dataset import from_pandas
    from mlflow.entities import DatasetInput, InputTag

    dataset = from_pandas(
        songs[["file", "genre", "artist"]],
        source=evaluation.labels,
        targets="genre",
        name=evaluation.name,
        digest=evaluation.fingerprint[:32],
    )
    return DatasetInput(dataset._to_mlflow_entity(), [InputTag("mlflow.data.context", "external evaluation")])
