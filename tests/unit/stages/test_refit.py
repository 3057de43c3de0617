"""The refit: the tested model has seen validation songs, what chooses among models has not, and both are on record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from components.config.params import Params
from components.core.errors import LeakError
from components.results import calibration
from components.results.calibration import Calibration
from components.results.record import BestTrial, TrainingRecord
from components.stages import train
from components.training import dataset
from tests.conftest import small
from tests.support.small_project import build_small_project


def best(params: Params, *, refit: bool, **hp: Any) -> Params:
    """The MLP's better variant, its layers and budgets cut."""
    document = params.model_dump(mode="json")
    document["models"]["mlp"]["variant"] = "best"
    block = document["models"]["mlp"]["variants"]["best"]
    block["training"] = {"epochs": 6, "patience": 2, "monitor": "val_loss", "refit": refit}
    small = {"log_variances": False, "units_1": 16, "units_2": 0, "learning_rate": 0.01, **hp}
    block["fixed"] |= small
    for kind in ("search", "start"):
        block[kind] = {key: value for key, value in block[kind].items() if key not in small}
    return Params.model_validate(document)


def trained(params: Params, *, root: Path) -> tuple[dict[str, float], TrainingRecord, pd.DataFrame]:
    hp = params.model("mlp").first_set
    BestTrial(trial="0", score=0.5, hyperparameters=hp).write(root / "tuning/mlp/best.json")
    metrics = train.run("mlp", params=params, root=root)
    return (
        metrics,
        TrainingRecord.read(root / "models/mlp"),
        pd.read_parquet(root / "models/mlp/predictions.parquet"),
    )


@dataclass(frozen=True)
class Run:
    """What one training run left."""

    root: Path
    metrics: dict[str, float]
    record: TrainingRecord
    predictions: pd.DataFrame

    def part(self, name: str) -> pd.DataFrame:
        return self.predictions[self.predictions["part"] == name].reset_index(drop=True)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Run]:
    """The same model of the same songs, without and with a refit."""
    done = {}
    for refit in (False, True):
        root = tmp_path_factory.mktemp("refit") / "data"
        build_small_project(root, seed=0)
        done[refit] = Run(root, *trained(best(small(), refit=refit), root=root))
    return done


def test_validation_stays_the_first_fit_s_and_test_is_the_second_s(runs: dict[bool, Run]) -> None:
    pd.testing.assert_frame_equal(runs[False].part("validation"), runs[True].part("validation"))
    assert not runs[False].part("test").equals(runs[True].part("test"))
    assert runs[True].metrics["validation.log_loss"] == runs[False].metrics["validation.log_loss"]
    assert runs[False].record.refit is None
    assert runs[True].record.weights_sha256 != runs[False].record.weights_sha256


def test_the_saved_model_is_the_one_that_was_tested(runs: dict[bool, Run]) -> None:
    import keras

    model = keras.saving.load_model(runs[True].root / "models/mlp/model.keras", safe_mode=True)
    test = dataset.load("mfcc_summary", parts=("test",), root=runs[True].root)["test"]
    given = runs[True].part("test").filter(like="probability.").to_numpy()
    np.testing.assert_allclose(model.predict(test.x, verbose=0), given, atol=1e-6)


@pytest.mark.parametrize(("refit", "parts"), [(False, ["train"]), (True, ["train", "validation"])])
def test_every_song_that_the_saved_model_saw_is_listed(
    runs: dict[bool, Run], refit: bool, parts: list[str]
) -> None:
    """The registry compares a model on no song of this list."""
    split = pd.read_parquet(runs[refit].root / "splits/split.parquet")
    of = lambda parts: sorted(set(split.loc[split["part"].isin(parts), "track"]))  # noqa: E731
    assert runs[refit].record.train_tracks == of(parts)
    assert runs[refit].record.validation_tracks == of(["validation"])


def test_standardisation_of_the_second_fit_is_of_train_and_validation(runs: dict[bool, Run]) -> None:
    import keras

    model = keras.saving.load_model(runs[True].root / "models/mlp/model.keras", safe_mode=True)
    data = dataset.load("mfcc_summary", parts=("train", "validation"), root=runs[True].root)
    both = dataset.join(data["train"], data["validation"])
    mean = model.get_layer("standardise").mean.numpy().ravel()
    np.testing.assert_allclose(mean, both.x.mean(axis=0), rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize(
    ("schedule", "rule"), [("constant", "best epoch by val_loss"), ("cosine", "whole cosine")]
)
def test_the_first_fit_says_for_how_many_epochs(
    small_project: Path, small_params: Params, schedule: str, rule: str
) -> None:
    params = best(small_params, refit=True, schedule=schedule, learning_rate=0.1)
    _, record, _ = trained(params, root=small_project)
    history = pd.read_csv(small_project / "models/mlp/history.csv")
    kept = history.loc[history["val_loss"].idxmin(), "epoch"] if schedule == "constant" else 6
    assert rule in record.refit.rule
    assert record.refit.epochs == kept
    assert record.refit.history["epoch"] == list(range(1, kept + 1))
    assert set(record.refit.history) == {"epoch", "loss", "accuracy", "learning_rate"}


def test_a_validation_song_repeated_in_test_stops_the_refit(
    small_project: Path, small_params: Params
) -> None:
    """Under another name its features give it away."""
    folder = small_project / "features/mfcc_summary"
    index, values = pd.read_parquet(folder / "index.parquet"), np.load(folder / "values.npy")
    split = pd.read_parquet(small_project / "splits/split.parquet")
    validation, test = (split.loc[split["part"] == part, "track"].iloc[0] for part in ("validation", "test"))
    values[(index["track"] == test).to_numpy()] = values[(index["track"] == validation).to_numpy()]
    np.save(folder / "values.npy", values)
    with pytest.raises(LeakError, match=f"{test}.*same features.*{validation}.*validation"):
        trained(best(small_params, refit=True), root=small_project)


@pytest.mark.parametrize("refit", [False, True])
def test_one_temperature_is_in_all_predictions_and_in_the_saved_model(
    refit: bool,
    runs: dict[bool, Run],
    small_project: Path,
    small_params: Params,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is the first fit's, also in a refitted model."""
    import keras

    fixed = Calibration(temperature=2.0, songs=30, reason="of 30 songs")
    monkeypatch.setattr(calibration, "fit", lambda *_, **__: fixed)
    _, record, predictions = trained(best(small_params, refit=refit), root=small_project)
    assert record.temperature == 2.0
    assert record.weights_sha256 != runs[refit].record.weights_sha256
    columns = [column for column in predictions if column.startswith("probability.")]
    before, after = runs[refit].predictions[columns].to_numpy(), predictions[columns].to_numpy()
    np.testing.assert_allclose(after, calibration.scale(before, 2.0), atol=1e-5)
    model = keras.saving.load_model(small_project / "models/mlp/model.keras", safe_mode=True)
    test = dataset.load("mfcc_summary", parts=("test",), root=small_project)["test"]
    given = predictions.loc[predictions["part"] == "test", columns].to_numpy()
    np.testing.assert_allclose(model.predict(test.x, verbose=0), given, atol=1e-6)


def test_without_calibration_no_temperature_is_fitted(
    small_project: Path, small_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "FEWEST_SONGS", 1)
    params = best(small_params, refit=False)
    block = params.models["mlp"].variants["best"]
    off = block.training.model_copy(update={"calibrate": False})
    params.models["mlp"].variants["best"] = block.model_copy(update={"training": off})
    _, record, _ = trained(params, root=small_project)
    assert record.calibration == Calibration()
