"""The final fit of one model on its best set: a fresh model, early stopping on validation, test touched once.

With ``training.refit`` a second, fresh model is fitted on train and validation for as many epochs as the first
has shown to be right. That one is saved, tested and registered; what is said of validation songs (its metrics,
predictions and history, which choose among models and face the champion) stays the first fit's, which has not seen
them.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from components.config.params import Params, SelectedModel
from components.core import atomic
from components.core.processes import peak_memory_mib
from components.evaluation import diagnostics
from components.training import dataset, fit, leakage
from components.training.predict import feature_hash, predict, score, weights_hash
from components.training.record import BestTrial, FeatureRecord, RefitRecord, TrainingRecord

if TYPE_CHECKING:
    import keras


def run(name: str, *, params: Params, root: Path = Path("data")) -> dict[str, float]:
    """Train one model and write all there is to know of it: the stage ``train``.

    Writes ``models/<name>/`` whole or not at all: ``model.keras``, ``history.csv``, ``metrics.json``,
    ``predictions.parquet``, ``training.json``.

    Parameters
    ----------
    name : str
        A model of ``params.yaml`` that has been tuned.
    params : Params
        The checked params.
    root : Path
        The data folder.

    Returns
    -------
    dict of str to float
        What ``metrics.json`` holds.

    Raises
    ------
    TrainingError
        If the model was not tuned, or its loss is not finite.
    LeakError
        If test rows are among those fitted on or stopped at, or a scaler or the label order saw others.
    """
    block = params.model(name)
    best = BestTrial.read(root / "tuning" / name)
    hp = best.hyperparameters
    data = dataset.load(block.feature, parts=("train", "validation"), root=root)
    began = time.perf_counter()
    model, history = first_fit(block, hp=hp, data=data, seed=params.seed)
    validated = predict(model, part=data["validation"], name="validation", genres=data.genres)
    refitted: RefitRecord | None = None
    fitted = data["train"]
    if block.training.refit:
        fitted = both = dataset.joined(data["train"], data["validation"])
        epochs = fit.kept_epoch(history, hp=hp, monitor=block.training.monitor)
        model, refitted = _refit(
            block, hp=hp, train=both, genres=data.genres, epochs=epochs, seed=params.seed
        )
    seconds = time.perf_counter() - began
    # The test part is not even in memory until the fit is over.
    tested = dataset.load(block.feature, parts=("train", "test"), root=root)
    leakage.guard_parts({**data.parts, "test": tested["test"]}, protocol=data.protocol)
    leakage.guard_preparation(model, fitted=fitted, genres=data.genres)
    if refitted and data.protocol != "segment":
        dataset.guard_equal_rows(data["validation"], tested["test"], part="test", known="validation")
    answers = predict(model, part=tested["test"], name="test", genres=data.genres)
    predictions = pd.concat([validated, answers], ignore_index=True)
    metrics = score(predictions, genres=data.genres, seed=params.seed)
    metrics |= {
        "train.segment_accuracy": float(history["accuracy"].max()),
        "epochs": float(len(history)),
        "parameters": float(model.count_params()),
    }
    warnings = diagnostics.diagnose(
        history, hyperparameters=hp, search=block.search, classes=len(data.genres)
    )
    seen = ("train", "validation") if refitted else ("train",)
    with atomic.replacing_folder(root / "models" / name) as folder:
        model.save(folder / "model.keras", include_optimizer=False)
        record = TrainingRecord(
            model=name,
            variant=block.variant,
            preset=params.preset,
            feature=FeatureRecord.model_validate(data.meta),
            genres=data.genres,
            hyperparameters=hp,
            trial=best.trial,
            tuning_score=best.score,
            training=block.training,
            refit=refitted,
            seed=params.seed,
            protocol=data.protocol,
            fingerprint=data.fingerprint,
            feature_sha256=feature_hash(data, tested),
            train_tracks=sorted({track for part in seen for track in data[part].rows["track"]}),
            validation_tracks=sorted(set(data["validation"].rows["track"])),
            weights_sha256=weights_hash(model),
            parameters=int(model.count_params()),
            file_bytes=(folder / "model.keras").stat().st_size,
            seconds=seconds,
            # Linux gives the peak in KiB (getrusage(2)).
            peak_memory_mib=peak_memory_mib(),
            warnings=[str(warning) for warning in warnings],
            params=params,
        )
        history.to_csv(folder / "history.csv", index=False)
        predictions.to_parquet(folder / "predictions.parquet", index=False)
        atomic.write_json(folder / "metrics.json", metrics)
        record.write(folder / "training.json")
    for warning in warnings:
        print(f"{name}: warning: {warning}", flush=True)
    return metrics


def first_fit(
    block: SelectedModel, *, hp: dict[str, Any], data: dataset.Dataset, seed: int
) -> tuple[keras.Model, pd.DataFrame]:
    """Fit a fresh model on ``train``, stopped early on ``validation``; return it and its history."""
    epochs = block.training.epochs
    fit.seed_everything(seed)
    model = fit.build(block, hp=hp, train=data["train"], classes=len(data.genres), epochs=epochs)
    history = fit.fit(
        model,
        train=data["train"],
        validation=data["validation"],
        hp=hp,
        epochs=epochs,
        patience=block.training.patience,
        monitor=block.training.monitor,
        report=lambda epoch, row: print(
            f"{block.name}: epoch {epoch} of at most {epochs}: "
            f"loss {row['loss']:.3f}, accuracy {row['accuracy']:.3f}, "
            f"validation {row['val_loss']:.3f}, {row['val_accuracy']:.3f}",
            flush=True,
        ),
    )
    return model, history


def _refit(
    block: SelectedModel,
    *,
    hp: dict[str, Any],
    train: dataset.Part,
    genres: list[str],
    epochs: int,
    seed: int,
) -> tuple[keras.Model, RefitRecord]:
    fit.seed_everything(seed)
    model = fit.build(block, hp=hp, train=train, classes=len(genres), epochs=epochs)
    history = fit.fit(
        model,
        train=train,
        validation=None,
        hp=hp,
        epochs=epochs,
        patience=epochs,
        monitor=block.training.monitor,
        report=lambda epoch, row: print(
            f"{block.name}: refit on train and validation, epoch {epoch} of {epochs}: "
            f"loss {row['loss']:.3f}, accuracy {row['accuracy']:.3f}",
            flush=True,
        ),
    )
    early = f"the first fit's best epoch by {block.training.monitor}"
    rule = early if fit.stops_early(hp) else "the whole cosine schedule, as in the first fit"
    return model, RefitRecord(rule=rule, epochs=epochs, rows=len(train.y), history=history.to_dict("list"))
