"""The final fit of one model on its best set: a fresh model, early stopping on validation, test touched once.

With ``training.refit`` a second, fresh model is fitted on train and validation for as many epochs as the first
has shown to be right. That one is saved, tested and registered; metrics, predictions and history of validation songs,
which choose among models and face the champion, stay the first fit's, which has not seen them.

With ``training.calibrate`` the first fit's probabilities of validation songs give a temperature, which is saved inside
the network; a refitted one takes it over. Calibration figures of validation songs are therefore a little too good, by
one number fitted to all of them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from components.config.params import Params, SelectedModel
from components.core import atomic, devices, hashing, progress
from components.core.formatting import plural
from components.core.processes import peak_memory_mib
from components.evaluation import balance, diagnostics
from components.results import calibration, leakage
from components.results.calibration import Calibration
from components.results.predict import predict, score, weights_hash
from components.results.record import BestTrial, RefitRecord, TrainingRecord
from components.splits import store as split_store
from components.training import dataset, fit, stored_rows

if TYPE_CHECKING:
    import keras


def run(name: str, *, params: Params, root: Path = Path("data")) -> dict[str, float]:
    """Train one model on its best set and test it: the stage ``train``.

    Writes ``models/<name>/`` whole or not at all: ``model.keras``, ``history.csv``, ``metrics.json``,
    ``predictions.parquet``, ``training.json``, ``songs.parquet`` (the split's songs, and ``fitted``: whether the saved
    model was fitted on a song).

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
    fit.run_on_one_thread()
    model = params.model(name)
    best = BestTrial.read(root / "tuning" / name)
    hp = best.hyperparameters
    data = dataset.load(model.feature, parts=("train", "validation"), root=root)
    fitted = _fit(model, hp=hp, data=data, seed=params.seed)
    history = fitted.history
    # The test part is not even in memory until the fit is over.
    tested = dataset.load(model.feature, parts=("test",), root=root)["test"]
    _check_leaks(fitted, data=data, tested=tested)
    network = calibration.calibrated(fitted.network, fitted.calibration.temperature)
    predicted = predict(network, part=tested, name="test", genres=data.genres)
    predictions = pd.concat([fitted.validated, predicted], ignore_index=True)
    metrics = score(predictions, genres=data.genres, seed=params.seed)
    metrics |= {
        "train.segment_accuracy": float(history["accuracy"].max()),
        "epochs": float(len(history)),
        "parameters": float(network.count_params()),
    }
    warnings = diagnostics.diagnose(
        history,
        hyperparameters=hp,
        search=model.search,
        validation={key: metrics[f"validation.{key}"] for key in balance.MEASURES},
        unnamed=balance.unnamed(predictions, genres=data.genres),
    )
    with atomic.replacing_folder(root / "models" / name) as folder:
        network.save(folder / "model.keras", include_optimizer=False)
        record = TrainingRecord(
            model=name,
            variant=model.variant,
            preset=params.preset,
            feature=data.feature,
            genres=data.genres,
            hyperparameters=hp,
            trial=best.trial,
            tuning_score=best.score,
            training=model.training,
            refit=fitted.refit,
            calibration=fitted.calibration,
            seed=params.seed,
            protocol=data.split.protocol,
            artists=data.split.artists,
            confounded=data.split.confounded,
            genre_counts=data.split.genre_counts,
            fingerprint=data.split.fingerprint,
            feature_sha256=hashing.arrays(
                block for part in (*data.parts.values(), tested) for block in stored_rows.blocks(part.x)
            ),
            train_tracks=sorted(set(fitted.part.rows["track"])),
            validation_tracks=sorted(set(data["validation"].rows["track"])),
            weights_sha256=weights_hash(network),
            parameters=int(network.count_params()),
            file_bytes=(folder / "model.keras").stat().st_size,
            seconds=fitted.seconds,
            peak_memory_mib=peak_memory_mib(),
            device=devices.used(),
            warnings=[str(warning) for warning in warnings],
            params=params,
        )
        history.to_csv(folder / "history.csv", index=False)
        predictions.to_parquet(folder / "predictions.parquet", index=False)
        atomic.write_json(folder / "metrics.json", metrics)
        songs = split_store.songs(root)
        songs.assign(fitted=songs["track"].isin(record.train_tracks)).to_parquet(
            folder / "songs.parquet", index=False
        )
        record.write(folder / "training.json")
    print(f"{name}: {plural(len(history), 'epoch')}, temperature {fitted.calibration}", flush=True)
    for warning in warnings:
        print(f"{name}: warning: {warning}", flush=True)
    return metrics


@dataclass(frozen=True)
class _Fitted:
    """The fits, in which the test part has no share.

    Attributes
    ----------
    network : keras.Model
        As fitted last, not calibrated.
    part : Part
        The rows that it was fitted on.
    history : DataFrame
        The first fit's, one row an epoch.
    validated : DataFrame
        The first fit's predictions of the validation part, calibrated.
    calibration : Calibration
        Found on them.
    refit : RefitRecord, optional
        How the second network was fitted, where there is one.
    seconds : float
        Of all of it.
    """

    network: keras.Model
    part: dataset.Part
    history: pd.DataFrame
    validated: pd.DataFrame
    calibration: Calibration
    refit: RefitRecord | None
    seconds: float


def _fit(model: SelectedModel, *, hp: Mapping[str, Any], data: dataset.Dataset, seed: int) -> _Fitted:
    classes, part = len(data.genres), data["train"]
    began = time.perf_counter()
    network, history = fit_fresh(
        model, hp=hp, train=part, validation=data["validation"], classes=classes, seed=seed
    )
    validate = partial(predict, part=data["validation"], name="validation", genres=data.genres)
    validated = validate(network)
    scaling = calibration.fit(validated, genres=data.genres) if model.training.calibrate else Calibration()
    if scaling.temperature != 1.0:
        validated = validate(calibration.calibrated(network, scaling.temperature))
    refit: RefitRecord | None = None
    if model.training.refit:
        part = dataset.join(data["train"], data["validation"])
        epochs = fit.kept_epoch(history, hp=hp, monitor=model.training.monitor)
        network, curves = fit_fresh(
            model, hp=hp, train=part, validation=None, classes=classes, seed=seed, epochs=epochs
        )
        early = f"the first fit's best epoch by {model.training.monitor}"
        rule = early if fit.stops_early(hp) else "the whole cosine schedule, as in the first fit"
        refit = RefitRecord(rule=rule, epochs=epochs, rows=len(part.y), history=curves.to_dict("list"))
    return _Fitted(network, part, history, validated, scaling, refit, seconds=time.perf_counter() - began)


def _check_leaks(fitted: _Fitted, *, data: dataset.Dataset, tested: dataset.Part) -> None:
    parts = {**data.parts, "test": tested}
    leakage.check_parts(parts, protocol=data.split.protocol, artists=data.split.artists)
    leakage.check_preprocessing(fitted.network, fitted=fitted.part, genres=data.genres)
    if data.split.protocol != "segment":
        for known in ("train", "validation") if fitted.refit else ("train",):
            dataset.check_equal_rows(data[known], tested, part="test", known=known)


def fit_fresh(
    model: SelectedModel,
    *,
    hp: Mapping[str, Any],
    train: dataset.Part,
    validation: dataset.Part | None,
    classes: int,
    seed: int,
    epochs: int | None = None,
) -> tuple[keras.Model, pd.DataFrame]:
    """Fit a fresh network, and return it with its history.

    Without a validation part it is fitted for exactly ``epochs``, else for at most those of the model's budget.
    """
    most = epochs or model.training.epochs
    phase = (
        f"epoch %d of at most {most}" if validation else f"refit on train and validation, epoch %d of {most}"
    )

    def report(epoch: int, row: Mapping[str, float]) -> None:
        if progress.is_verbose():
            figures = [f"{name} {value:.3f}" for name, value in row.items() if name != "learning_rate"]
            print(f"{model.name}: {phase % epoch}: {', '.join(figures)}", flush=True)
        advance()

    train = dataset.balanced(train) if model.training.class_weight == "balanced" else train
    fit.seed_everything(seed)
    network = fit.build(model, hp=hp, train=train, classes=classes, epochs=most)
    with progress.counted(model.name, total=most, unit="epochs") as advance:
        history = fit.fit(
            network,
            train=train,
            validation=validation,
            hp=hp,
            epochs=most,
            patience=model.training.patience,
            monitor=model.training.monitor,
            report=report,
        )
    return network, history
