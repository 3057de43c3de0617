"""Runs of external evaluations: one a model, linked to it and to its training run; logged from files, once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from components.core import hashing
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
    document = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    songs = pd.read_parquet(folder / "songs.parquet")
    identity = hashing.file(folder / "evaluation.json")
    return {
        label: _ensure(
            runs, label, model=model, document=document, songs=songs[songs["model"] == label], folder=folder,
            identity=f"{identity}-{label}",
        )
        for label, model in document["models"].items()
    }  # fmt: skip


def _ensure(
    runs: Runs,
    label: str,
    *,
    model: dict[str, Any],
    document: dict[str, Any],
    songs: pd.DataFrame,
    folder: Path,
    identity: str,
) -> str:
    from mlflow.entities import LoggedModelInput

    if known := runs.find(identity):
        return known
    tags = {
        **{key: str(model[key]) for key in ("model", "uri", "version", "weights_sha256")},
        "training_run": model["run_id"],
        "model_id": model["model_id"],
        "evaluated_on": document["name"],
        "labels": document["labels"],
        "songs_fingerprint": document["fingerprint"],
        "headline": model["headline"] or "none",
        "marks": "; ".join(model["marks"]) or "none",
        NOTE: "\n\n".join(document["notes"]) or "Songs and artists of the training are reported apart.",
    }
    with runs.open(
        f"{label} on {document['name']}",
        tags=tags,
        identity=identity,
        params={"seed": document["seed"], "songs": document["songs"], "artists": document["artists"]},
    ) as run_id:
        dataset = _dataset(songs, document=document)
        linked = [LoggedModelInput(model["model_id"])] if model["model_id"] else None
        runs.client.log_inputs(run_id, datasets=[dataset], models=linked)
        runs.measure(run_id, metrics_of(model), model_id=model["model_id"] or None, dataset=dataset)
        for path in sorted(folder.iterdir()):
            runs.client.log_artifact(run_id, str(path))
        return runs.finish(run_id, identity=identity)


def metrics_of(model: dict[str, Any]) -> dict[str, float]:
    """Flatten a model's figures: those of its headline and of each group, all numbers of ``evaluation.json``."""
    groups = dict(model["groups"])
    if model["headline"]:
        groups["headline"] = groups[model["headline"]]
    found = {
        f"{group}.{metric}": float(value)
        for group, figures in groups.items()
        for metric, value in figures.items()
        if not isinstance(value, str)
    }
    if model["gap"]:
        found |= {"gap.record_headline": model["gap"]["record"], "gap.points": model["gap"]["points"]}
    return found


def _dataset(songs: pd.DataFrame, *, document: dict[str, Any]) -> DatasetInput:
    from mlflow.data.pandas_dataset import from_pandas
    from mlflow.entities import DatasetInput, InputTag

    dataset = from_pandas(
        songs[["file", "genre", "artist"]],
        source=document["labels"],
        targets="genre",
        name=document["name"],
        digest=document["fingerprint"][:32],
    )
    return DatasetInput(dataset._to_mlflow_entity(), [InputTag("mlflow.data.context", "external evaluation")])
