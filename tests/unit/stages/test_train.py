"""Training: a fresh model, test touched once, everything written whole, the same from the same seed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.config.params import Params
from components.core import atomic
from components.core.errors import TrainingError
from components.results.record import BestTrial, TrainingRecord
from components.stages import train
from components.training import dataset, stored_rows
from tests.conftest import small
from tests.support.small_project import build_small_project


def write_best(root: Path) -> None:
    """Write a best set for the MLP, as if searched."""
    hp = small().model("mlp").first_set
    hp |= {"units_1": 32, "units_2": 32, "units_3": 16, "learning_rate": 0.01}
    BestTrial(trial="0", score=0.5, hyperparameters=hp).write(root / "tuning/mlp/best.json")


@pytest.fixture
def tuned(small_project: Path) -> Path:
    """The project with a best set."""
    write_best(small_project)
    return small_project


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    """The trained project, to be read, and its metrics."""
    root = tmp_path_factory.mktemp("once") / "data"
    build_small_project(root, seed=0)
    write_best(root)
    return root, train.run("mlp", params=small(), root=root)


@pytest.fixture
def trained_again(trained_once: tuple[Path, dict[str, float]], tmp_path: Path) -> Path:
    """A copy of it, to be trained once more."""
    shutil.copytree(trained_once[0], tmp_path / "again")
    return tmp_path / "again"


def test_it_learns_and_writes_all_there_is(trained_once: tuple[Path, dict[str, float]]) -> None:
    tuned, metrics = trained_once
    assert {path.name for path in (tuned / "models/mlp").iterdir()} == set(TrainingRecord.FILES)
    assert metrics["validation.song_accuracy"] > 0.6
    assert metrics["test.song_accuracy"] > 0.6
    record = TrainingRecord.read(tuned / "models/mlp")
    assert record.genres == ["blues", "jazz", "rock"]
    assert record.leaky is False
    assert record.fingerprint == json.loads((tuned / "splits/split.json").read_text())["fingerprint"]
    history = pd.read_csv(tuned / "models/mlp/history.csv")
    assert list(history) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]


def test_the_saved_model_gives_the_saved_predictions(trained_once: tuple[Path, dict[str, float]]) -> None:
    import keras

    tuned, _ = trained_once
    model = keras.saving.load_model(tuned / "models/mlp/model.keras", safe_mode=True)
    test = dataset.load("mfcc_summary", parts=("test",), root=tuned)["test"]
    saved = pd.read_parquet(tuned / "models/mlp/predictions.parquet").query("part == 'test'")
    np.testing.assert_allclose(
        model.predict(test.x, verbose=0), saved.filter(like="probability.").to_numpy(), atol=1e-6
    )


def test_two_runs_give_the_same_metrics_and_weights(
    trained_once: tuple[Path, dict[str, float]], trained_again: Path, small_params: Params
) -> None:
    root, metrics = trained_once
    assert train.run("mlp", params=small_params, root=trained_again) == metrics
    first, second = (TrainingRecord.read(folder / "models/mlp") for folder in (root, trained_again))
    assert first.weights_sha256 == second.weights_sha256


def test_rows_that_stay_on_disk_give_the_same_metrics_and_record(
    trained_once: tuple[Path, dict[str, float]],
    trained_again: Path,
    small_params: Params,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root, metrics = trained_once
    monkeypatch.setattr(stored_rows, "IN_MEMORY", 0)
    assert train.run("mlp", params=small_params, root=trained_again) == metrics
    # Keras numbers a process's layers, and their names are in the file.
    costs = {"seconds", "peak_memory_mib", "file_bytes"}
    first, second = (
        TrainingRecord.read(folder / "models/mlp").model_dump(exclude=costs)
        for folder in (root, trained_again)
    )
    assert first == second


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


def test_changing_the_test_part_changes_nothing_learned(trained_again: Path, small_params: Params) -> None:
    tuned = trained_again
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
    trained_again: Path, small_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned = trained_again
    before = (tuned / "models/mlp/metrics.json").read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, "write_json", full)
    with pytest.raises(OSError, match="No space"):
        train.run("mlp", params=small_params.model_copy(update={"seed": 5}), root=tuned)
    assert (tuned / "models/mlp/metrics.json").read_bytes() == before
    assert [path.name for path in (tuned / "models").iterdir()] == ["mlp"]


def test_songs_are_recorded_with_what_the_saved_model_was_fitted_on(
    trained_once: tuple[Path, dict[str, float]],
) -> None:
    folder = trained_once[0] / "models" / "mlp"
    songs = pd.read_parquet(folder / "songs.parquet")
    record = TrainingRecord.read(folder)
    assert sorted(songs.loc[songs["fitted"], "track"]) == record.train_tracks
    assert {"part", "genre", "artist", "sha256", "sound_sha256"} <= set(songs.columns)
