"""Training: a fresh model, test touched once, everything written whole, the same from the same seed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.config.params import Params
from components.core import atomic
from components.core.errors import TrainingError
from components.stages import train
from components.training import dataset
from components.training.record import BestTrial, TrainingRecord

FILES = {"model.keras", "history.csv", "metrics.json", "predictions.parquet", "training.json"}


@pytest.fixture
def tuned(small_project: Path, small_params: Params) -> Path:
    """The project with a best set for the MLP, as if searched."""
    hp = small_params.model("mlp").first_set
    hp |= {"units_1": 32, "units_2": 32, "units_3": 16, "learning_rate": 0.01}
    BestTrial(trial="0", score=0.5, hyperparameters=hp).write(small_project / "tuning/mlp/best.json")
    return small_project


def test_it_learns_and_writes_all_there_is(tuned: Path, small_params: Params) -> None:
    metrics = train.run("mlp", params=small_params, root=tuned)
    assert {path.name for path in (tuned / "models/mlp").iterdir()} == FILES
    assert metrics["validation.song_accuracy"] > 0.6
    assert metrics["test.song_accuracy"] > 0.6
    record = TrainingRecord.read(tuned / "models/mlp")
    assert record.genres == ["blues", "jazz", "rock"]
    assert record.leaky is False
    assert record.fingerprint == json.loads((tuned / "splits/split.json").read_text())["fingerprint"]
    history = pd.read_csv(tuned / "models/mlp/history.csv")
    assert list(history) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]


def test_the_saved_model_gives_the_saved_predictions(tuned: Path, small_params: Params) -> None:
    import keras

    train.run("mlp", params=small_params, root=tuned)
    model = keras.saving.load_model(tuned / "models/mlp/model.keras", safe_mode=True)
    test = dataset.load("mfcc_summary", parts=("test",), root=tuned)["test"]
    saved = pd.read_parquet(tuned / "models/mlp/predictions.parquet").query("part == 'test'")
    np.testing.assert_allclose(
        model.predict(test.x, verbose=0), saved.filter(like="probability.").to_numpy(), atol=1e-6
    )


def test_two_runs_give_the_same_metrics_and_weights(tuned: Path, small_params: Params) -> None:
    first = train.run("mlp", params=small_params, root=tuned)
    weights = TrainingRecord.read(tuned / "models/mlp").weights_sha256
    assert train.run("mlp", params=small_params, root=tuned) == first
    assert TrainingRecord.read(tuned / "models/mlp").weights_sha256 == weights


def test_shuffled_labels_give_chance(tuned: Path, small_params: Params) -> None:
    """The negative control: with labels shuffled, nothing is learned that holds on test songs."""
    folder = tuned / "features/mfcc_summary"
    values = np.load(folder / "values.npy")
    rng = np.random.default_rng(0)
    songs = values.reshape(-1, 4, *values.shape[1:])
    np.save(folder / "values.npy", rng.permutation(songs).reshape(values.shape))
    metrics = train.run("mlp", params=small_params, root=tuned)
    assert metrics["test.song_accuracy"] < 0.75
    assert metrics["test.song_accuracy_low"] < 1 / 3


def test_changing_the_test_part_changes_nothing_learned(tuned: Path, small_params: Params) -> None:
    train.run("mlp", params=small_params, root=tuned)
    before = TrainingRecord.read(tuned / "models/mlp").weights_sha256
    folder = tuned / "features/mfcc_summary"
    index, values = pd.read_parquet(folder / "index.parquet"), np.load(folder / "values.npy")
    split = pd.read_parquet(tuned / "splits/split.parquet")
    test = index["track"].isin(split.loc[split["part"] == "test", "track"]).to_numpy()
    values[test] = 1e6
    np.save(folder / "values.npy", values)
    train.run("mlp", params=small_params, root=tuned)
    assert TrainingRecord.read(tuned / "models/mlp").weights_sha256 == before


def test_a_model_that_was_not_tuned_is_refused(small_project: Path, small_params: Params) -> None:
    with pytest.raises(TrainingError, match="tune@mlp"):
        train.run("mlp", params=small_params, root=small_project)


def test_a_failed_run_leaves_the_earlier_model(
    tuned: Path, small_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    train.run("mlp", params=small_params, root=tuned)
    before = (tuned / "models/mlp/metrics.json").read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, "write_json", full)
    with pytest.raises(OSError, match="No space"):
        train.run("mlp", params=small_params.model_copy(update={"seed": 5}), root=tuned)
    assert (tuned / "models/mlp/metrics.json").read_bytes() == before
    assert [path.name for path in (tuned / "models").iterdir()] == ["mlp"]
