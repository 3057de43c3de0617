"""Files of the finished stages that a comparison reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from components.config.params import ENSEMBLE, Params
from components.core import lineage
from components.core.errors import ComparisonError, LeakError
from components.results import record as records
from components.results.record import ModelRecord
from components.splits import store as split_store
from components.splits.store import SplitRecord
from components.validation.result import ValidationResult

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TrainedModel:
    """One model's files.

    Attributes
    ----------
    name : str
        A key of ``models``, or ``ensemble``.
    metrics : mapping
        ``metrics.json``.
    record : ModelRecord
        ``training.json``.
    history : DataFrame
        One row an epoch; empty for an ensemble.
    predictions : DataFrame
        One row a segment, or a song, of validation and test.
    trials : DataFrame
        One row a trial: ``trial``, ``status``, ``score`` and the hyperparameters; empty without a table.
    executions : list of dict
        Results of the search's executions.
    """

    name: str
    metrics: Mapping[str, float]
    record: ModelRecord
    history: pd.DataFrame
    predictions: pd.DataFrame
    trials: pd.DataFrame
    executions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def genres(self) -> list[str]:
        """The genres in label order."""
        return self.record.genres

    @property
    def test(self) -> pd.DataFrame:
        """Predictions of the test part."""
        return self.predictions[self.predictions["part"] == "test"]


@dataclass(frozen=True)
class Inputs:
    """All that a comparison reads.

    Attributes
    ----------
    models : dict of str to TrainedModel
        The comparable models, in the order of ``params.yaml``.
    left_out : dict of str to str
        Models that are not compared, each with its reason.
    split : SplitRecord
        Of the split that they share.
    corpora : dict of str to DataFrame
        The listing of each source.
    validation : dict of str to ValidationResult
        Of each feature that was validated.
    hashes : dict of str to str
        DVC's, of all its stages' inputs and outputs.
    code : str
        Git's commit, and whether code differs from it.
    """

    models: dict[str, TrainedModel]
    left_out: dict[str, str]
    split: SplitRecord
    corpora: dict[str, pd.DataFrame]
    validation: dict[str, ValidationResult]
    hashes: dict[str, str]
    code: str


def read(*, params: Params, root: Path, left_out: Mapping[str, str] = MappingProxyType({})) -> Inputs:
    """Read the split, the trained models, their searches, and what they were made of.

    Models trained on another split or with other params, unfinished ones and ones that are not in the params are
    left out, and those in ``left_out`` (each with why).

    Raises
    ------
    ComparisonError
        If there is no split, no comparable model, or a file cannot be read.
    LeakError
        If a model was trained or stopped early on a song of its own test part, though the protocol keeps songs whole.
    """
    split = split_store.record(root)
    models: dict[str, TrainedModel] = {}
    without: dict[str, str] = {}
    for name in params.compared:
        reason = left_out.get(name) or _out_of_date(
            name, root=root, params=params, fingerprint=split.fingerprint
        )
        if reason:
            without[name] = f"{reason}; run `dvc repro {records.kind(name).stage(name)}`"
            continue
        models[name] = _trained(name, root=root)
        _check_leak(models[name])
    for folder in sorted((root / "models").glob("[!.]*/")):
        if folder.name not in params.models:
            without[folder.name] = "it is not among the models of params.yaml"
    if not models:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in without.items())
        raise ComparisonError(f"no model to compare below {root / 'models'}. {reasons}")
    commit, changed = lineage.commit(root.resolve().parent)
    return Inputs(
        models=models,
        left_out=without,
        split=split,
        corpora={
            source: _table(path, stage=f"corpus@{source}")
            for source in sorted(params.corpus.sources)
            if (path := root / "corpus" / f"{source}.parquet").is_file()
        },
        validation={
            feature: ValidationResult.read(feature, root=root)
            for feature in params.features
            if ValidationResult.path(feature, root=root).is_file()
        },
        hashes=lineage.hashes(root.resolve().parent),
        code=f"{commit} and uncommitted changes" if changed else commit,
    )


def _out_of_date(model: str, *, root: Path, params: Params, fingerprint: str) -> str:
    """Return why a model cannot be compared, or ''."""
    folder = records.folder(model, root=root)
    # An ensemble without members has none of them but its record.
    if missing := [name for name in records.kind(model).FILES if not (folder / name).is_file()]:
        # Not the whole path: the report is the same wherever the project lies.
        return f"it has not been trained ({model}/{missing[0]} is missing)"
    record = records.read(model, root=root)
    if record.fingerprint != fingerprint:
        return (
            f"it was trained on another split (fingerprint {record.fingerprint[:12]}, the split's is "
            f"{fingerprint[:12]})"
        )
    # The search's budget is not of the fit; whatever else changed reaches a model through files.
    if model == ENSEMBLE:
        return _other_members(record, root=root, params=params)
    old, new = (values.model(model).model_dump(exclude={"tuning"}) for values in (record.params, params))
    changed = [f"models.{model}: {key}" for key in new if old[key] != new[key]]
    changed += ["seed"] * (record.params.seed != params.seed)
    return f"it was trained with other params ({', '.join(changed)})" if changed else ""


def _other_members(record: ModelRecord, *, root: Path, params: Params) -> str:
    """Return why an ensemble is not that of the present models, or ''."""
    if record.params.ensemble != params.ensemble:
        return "it was made with other params (ensemble)"
    for _, member in record.networks:
        present = records.folder(member.model, root=root)
        if (
            not (present / member.FILE).is_file()
            or member.read(present).weights_sha256 != member.weights_sha256
        ):
            return f"{member.model} is not the one that it was made of"
    return ""


def _trained(name: str, *, root: Path) -> TrainedModel:
    import pandas as pd

    folder, search, kind = records.folder(name, root=root), root / "tuning" / name, records.kind(name)
    train, tune, trials = kind.stage(name), f"tune@{name}", search / "trials.csv"
    table = _table(trials, stage=tune) if trials.is_file() else pd.DataFrame(columns=["trial"])
    # A search with fewer trials than an earlier one keeps that one's outcomes, for another with more.
    numbers = set(table["trial"].astype(int))
    executions = [read_json(path, stage=tune) for path in (search / "executions").glob("[!.]*.json")]
    executions.sort(key=lambda outcome: (int(outcome["trial"]), outcome["execution"]))
    return TrainedModel(
        name=name,
        metrics=read_json(folder / "metrics.json", stage=train),
        record=records.read(name, root=root),
        history=_table(folder / "history.csv", stage=train)
        if "history.csv" in kind.FILES
        else pd.DataFrame(),
        predictions=_table(folder / "predictions.parquet", stage=train),
        trials=table,
        executions=[outcome for outcome in executions if int(outcome["trial"]) in numbers],
    )


def _check_leak(model: TrainedModel) -> None:
    # Under protocol `segment` songs are on both sides by design, and marked as leaky instead.
    if model.record.leaky:
        return
    parts = {"train": model.record.train_tracks, "validation": model.record.validation_tracks}
    for part, tracks in parts.items():
        if both := sorted(set(model.test["track"]).intersection(tracks)):
            raise LeakError(
                f"model {model.name!r}: {len(both)} test songs are in {part} too, {both[0]!r} among them; "
                f"protocol {model.record.protocol!r} keeps songs whole"
            )


def _table(path: Path, *, stage: str) -> pd.DataFrame:
    import pandas as pd

    try:
        # KerasTuner numbers its trials with zeros in front.
        return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype={"trial": str})
    except (OSError, ValueError) as error:  # pandas' and pyarrow's own errors are ValueErrors
        raise ComparisonError(f"{path} cannot be read ({error}); run `dvc repro {stage}`") from error


def read_json(path: Path, *, stage: str) -> dict[str, Any]:
    """Read the JSON mapping that a stage wrote.

    Raises
    ------
    ComparisonError
        If it is missing, no JSON, or no mapping.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error})"
        raise ComparisonError(f"{path} {why}; run `dvc repro {stage}`") from error
    if not isinstance(document, dict):
        raise ComparisonError(f"{path} holds {type(document).__name__}; valid: a mapping")
    return document
