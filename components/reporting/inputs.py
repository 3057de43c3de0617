"""Everything that a comparison reads, from the files of the stages before it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from components.config.params import Params
from components.core import lineage
from components.core.errors import GenreError, LeakError
from components.evaluation import metrics
from components.splits import store as split_store
from components.splits.store import SplitRecord
from components.training.record import TrainingRecord

#: The files of a trained model; one that lacks any of them did not finish.
FILES = ("metrics.json", "training.json", "history.csv", "predictions.parquet")


class ComparisonError(GenreError):
    """There is nothing to compare, or a file of a finished stage does not hold together."""


@dataclass(frozen=True)
class Trained:
    """One model's files.

    Attributes
    ----------
    name : str
        The model.
    metrics : mapping
        ``metrics.json``.
    record : TrainingRecord
        ``training.json``.
    history : DataFrame
        One row an epoch.
    predictions : DataFrame
        One row a segment of validation and test.
    trials : DataFrame
        One row a trial, ``trial``, ``status``, ``score`` and the hyperparameters; empty where the search
        left no table.
    executions : list of dict
        What each execution of the search wrote.
    """

    name: str
    metrics: Mapping[str, float]
    record: TrainingRecord
    history: pd.DataFrame
    predictions: pd.DataFrame
    trials: pd.DataFrame
    executions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def genres(self) -> list[str]:
        """The genres in label order."""
        return self.record.genres


@dataclass(frozen=True)
class Inputs:
    """All that a comparison reads.

    Attributes
    ----------
    models : dict of str to Trained
        The comparable models, in the order of ``params.yaml``.
    left_out : dict of str to str
        Models that are not compared, each with its reason.
    split : SplitRecord
        How it was made.
    corpora : dict of str to DataFrame
        The listing of each source.
    validation : dict of str to mapping
        ``result.json`` of each feature.
    hashes : dict of str to str
        DVC's, of all its stages' inputs and outputs.
    code : str
        Git's commit, and whether code differs from it.
    """

    models: dict[str, Trained]
    left_out: dict[str, str]
    split: SplitRecord
    corpora: dict[str, pd.DataFrame]
    validation: dict[str, Mapping[str, Any]]
    hashes: dict[str, str] = field(default_factory=dict)
    code: str = ""


def read(*, params: Params, root: Path) -> Inputs:
    """Read what the stages before left below ``root``.

    Parameters
    ----------
    params : Params
        The checked params; its models are the ones that are looked for.
    root : Path
        The data folder.

    Returns
    -------
    Inputs
        Models trained on another split, unfinished ones and ones that are not in the params are in
        ``left_out``.

    Raises
    ------
    ComparisonError
        If there is no split, or no comparable model, or a model's files contradict each other.
    LeakError
        If a model was trained or stopped early on a song of its own test part, though the protocol keeps
        songs whole.
    """
    split = split_store.record(root)
    models: dict[str, Trained] = {}
    left_out: dict[str, str] = {}
    for name in params.models:
        reason = _unusable(root / "models" / name, model=name, fingerprint=split.fingerprint)
        if reason:
            left_out[name] = reason
            continue
        models[name] = _trained(name, root=root)
        guard(models[name])
    for folder in sorted((root / "models").glob("[!.]*/")):
        if folder.name not in params.models:
            left_out[folder.name] = "it is not among the models of params.yaml"
    if not models:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise ComparisonError(f"no model to compare below {root / 'models'}. {reasons}")
    commit, changed = lineage.commit(root.resolve().parent)
    return Inputs(
        hashes=lineage.hashes(root.resolve().parent),
        code=f"{commit} and uncommitted changes" if changed else commit,
        models=models,
        left_out=left_out,
        split=split,
        corpora={
            source: _table(path, stage=f"corpus@{source}")
            for source in sorted(params.corpus.sources)
            if (path := root / "corpus" / f"{source}.parquet").is_file()
        },
        validation={
            feature: read_json(path, stage=f"validate@{feature}")
            for feature in params.features
            if (path := root / "validation" / feature / "result.json").is_file()
        },
    )


def _unusable(folder: Path, *, model: str, fingerprint: str) -> str:
    """Say why a model cannot be compared, or '' if it can."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        # Not the whole path: the report is the same wherever the project lies.
        return f"it has not been trained ({model}/{missing[0]} is missing); run `dvc repro train@{model}`"
    record = TrainingRecord.read(folder)
    if record.fingerprint != fingerprint:
        return (
            f"it was trained on another split (fingerprint {record.fingerprint[:12]}, the split's "
            f"is {fingerprint[:12]}); run `dvc repro train@{model}`"
        )
    return ""


def _trained(name: str, *, root: Path) -> Trained:
    folder, search = root / "models" / name, root / "tuning" / name
    trials = search / "trials.csv"
    return Trained(
        name=name,
        metrics=read_json(folder / "metrics.json", stage=f"train@{name}"),
        record=TrainingRecord.read(folder),
        history=_table(folder / "history.csv", stage=f"train@{name}"),
        predictions=_table(folder / "predictions.parquet", stage=f"train@{name}"),
        trials=_table(trials, stage=f"tune@{name}") if trials.is_file() else pd.DataFrame(),
        executions=[
            read_json(path, stage=f"tune@{name}")
            for path in sorted((search / "executions").glob("[!.]*.json"))
        ],
    )


def _table(path: Path, *, stage: str) -> pd.DataFrame:
    try:
        # KerasTuner numbers its trials with zeros in front.
        return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype={"trial": str})
    except (OSError, ValueError) as error:  # pandas' and pyarrow's own errors are ValueErrors
        raise ComparisonError(f"{path} cannot be read ({error}); run `dvc repro {stage}`") from error


def guard(model: Trained) -> None:
    """Refuse a model that saw a song of its own test part.

    Parameters
    ----------
    model : Trained
        Under protocol ``segment`` songs are on both sides by design, and marked as leaky instead.

    Raises
    ------
    LeakError
        Naming one such song.
    """
    if model.record.leaky:
        return
    tested = set(model.predictions.loc[model.predictions["part"] == "test", "track"])
    seen = {"train": model.record.train_tracks, "validation": model.record.validation_tracks}
    for part, tracks in seen.items():
        both = sorted(tested.intersection(tracks))
        if both:
            raise LeakError(
                f"model {model.name!r}: {len(both)} test songs are in {part} too, {both[0]!r} among them; "
                f"protocol {model.record.protocol!r} keeps songs whole"
            )


def read_json(path: Path, *, stage: str) -> dict[str, Any]:
    """Read a JSON file that a stage wrote.

    Parameters
    ----------
    path : Path
        The file.
    stage : str
        Which stage writes it, for the message.

    Returns
    -------
    dict
        What it holds.

    Raises
    ------
    ComparisonError
        If it is missing, no JSON, or no mapping.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ComparisonError(f"{path} cannot be read ({error}); run `dvc repro {stage}`") from error
    if not isinstance(document, dict):
        raise ComparisonError(f"{path} holds {type(document).__name__}; valid: a mapping")
    return document


def rows(result: Mapping[str, Any]) -> pd.DataFrame:
    """Lay a comparison out as a table.

    Parameters
    ----------
    result : mapping
        What :func:`compare` returns.

    Returns
    -------
    DataFrame
        One row a model, best on validation first; nested figures as ``part.metric``.
    """
    table = []
    for name in result["ranking"]:
        row = dict(result["models"][name])
        parts = {
            f"{part}.{metric}": value
            for part in ("validation", "test")
            for metric, value in row.pop(part).items()
        }
        low, high = row.pop("test_songs_interval")
        del row["marks"]  # ``mark`` says the same in one cell
        findings = ", ".join(str(warning["finding"]) for warning in row.pop("warnings"))
        table.append(
            {
                "model": name,
                "best": name == result["best"],
                "protocol": result["protocol"],
                **row,
                "test_songs_low": low,
                "test_songs_high": high,
                "findings": findings,
                **parts,
            }
        )
    return pd.DataFrame(table)


def confusions(inputs: Inputs) -> pd.DataFrame:
    """List what each model said of each test song.

    Parameters
    ----------
    inputs : Inputs
        What was compared.

    Returns
    -------
    DataFrame
        One row a model and test song: ``model``, ``track``, ``actual``, ``predicted``.
    """
    tables = []
    for name, model in inputs.models.items():
        voted = metrics.songs(model.predictions[model.predictions["part"] == "test"])
        tables.append(
            voted[["track", "genre", "predicted"]].rename(columns={"genre": "actual"}).assign(model=name)
        )
    return pd.concat(tables)[["model", "track", "actual", "predicted"]]
