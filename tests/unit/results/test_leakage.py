"""Leak checks: every leak is planted where it would happen, and stops the run instead of raising an accuracy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from components.config.params import Params
from components.core.errors import LeakError, TrainingError
from components.results import leakage
from components.results.record import BestTrial
from components.splits import folds
from components.stages import train as training
from components.training import dataset, fit, preprocessing

HP = {"units_1": 8, "units_2": 8, "units_3": 8, "learning_rate": 0.01}


@pytest.fixture
def tuned(small_project: Path, small_params: Params) -> Path:
    """The project with a small set for the MLP, as if searched."""
    hp = small_params.model("mlp").first_set | HP
    BestTrial(trial="0", score=0.5, hyperparameters=hp).write(small_project / "tuning/mlp/best.json")
    return small_project


@pytest.fixture
def short(small_params: Params) -> Params:
    """One epoch: what leaks does so before it."""
    budget = small_params.training.model_copy(update={"epochs": 1})
    return small_params.model_copy(update={"training": budget})


def loading(swap: Callable[[dataset.Dataset], dataset.Dataset]) -> Callable[..., dataset.Dataset]:
    """Return ``arrays.load`` with a fault planted into what is loaded for the fit."""
    honest = dataset.load

    def load(feature: str, *, parts: Sequence[str], root: Path) -> dataset.Dataset:
        if "test" in parts:
            return honest(feature, parts=parts, root=root)
        return swap(honest(feature, parts=("train", "validation", "test"), root=root))

    return load


def with_parts(data: dataset.Dataset, **parts: dataset.Part) -> dataset.Dataset:
    return dataset.Dataset(
        parts=parts,
        genres=data.genres,
        split=data.split,
        feature=data.feature,
    )


def test_a_test_part_that_stops_the_fit_is_a_leak(
    tuned: Path, short: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    swap = loading(lambda data: with_parts(data, train=data["train"], validation=data["test"]))
    monkeypatch.setattr(dataset, "load", swap)
    with pytest.raises(LeakError, match="of test are in validation too"):
        training.run("mlp", params=short, root=tuned)
    assert not (tuned / "models" / "mlp").exists()


def test_a_test_part_that_is_fitted_on_is_a_leak(
    tuned: Path, short: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swap(data: dataset.Dataset) -> dataset.Dataset:
        both = dataset.join(data["train"], data["test"])
        return with_parts(data, train=both, validation=data["validation"])

    monkeypatch.setattr(dataset, "load", loading(swap))
    with pytest.raises(LeakError, match="of test are in train too"):
        training.run("mlp", params=short, root=tuned)


def test_a_single_segment_on_two_sides_is_a_leak_under_the_study_s_protocol_too() -> None:
    def part(*rows: tuple[str, int]) -> dataset.Part:
        table = pd.DataFrame(rows, columns=["track", "segment"])
        table = table.assign(genre="jazz", artist="", headline=True)
        return dataset.Part(x=np.zeros((len(rows), 1), np.float32), y=np.zeros(len(rows), int), rows=table)

    parts = {"train": part(("a", 0), ("a", 1)), "test": part(("a", 2))}
    leakage.check_parts(parts, protocol="segment", artists="unknown")
    with pytest.raises(LeakError, match="'a' among them"):
        leakage.check_parts(parts, protocol="track", artists="unknown")
    with pytest.raises(LeakError, match="'a' segment 1 among them"):
        leakage.check_parts({**parts, "test": part(("a", 1))}, protocol="segment", artists="unknown")


def test_an_artist_of_train_in_a_headline_is_a_leak() -> None:
    def part(track: str, *, headline: bool) -> dataset.Part:
        table = pd.DataFrame([{"track": track, "segment": 0, "genre": "jazz", "artist": "ada"}])
        rows = table.assign(headline=headline)
        return dataset.Part(x=np.zeros((1, 1), np.float32), y=np.zeros(1, int), rows=rows)

    train, test = part("a", headline=True), part("b", headline=True)
    apart = {"train": train, "test": part("b", headline=False)}
    leakage.check_parts(apart, protocol="track", artists="on both sides")
    with pytest.raises(LeakError, match=r"'b'.*'ada'"):
        leakage.check_parts({"train": train, "test": test}, protocol="track", artists="on both sides")
    # Where most artists are unknown, headlines count every song.
    leakage.check_parts({"train": train, "test": test}, protocol="track", artists="unknown")


def test_a_scaler_that_saw_test_is_a_leak(
    tuned: Path, short: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = dataset.load("mfcc_summary", parts=folds.PARTS, root=tuned)
    honest = preprocessing.adapt
    calls: list[int] = []

    def adapt(model: Any, train: dataset.Part) -> None:
        # The first call is the fit's own, the second the check's.
        calls.append(len(train.x))
        leaked = dataset.join(*everything.parts.values())
        honest(model, leaked if len(calls) == 1 else train)

    monkeypatch.setattr(preprocessing, "adapt", adapt)
    with pytest.raises(LeakError, match="layer 'standardise' of model 'mlp' is not adapted to the"):
        training.run("mlp", params=short, root=tuned)
    assert len(calls) == 2


@pytest.mark.parametrize("name", ["principal_components", "least_squares"])
def test_frozen_layers_that_saw_test_are_a_leak(name: str) -> None:
    import keras

    from components.models import layers as pieces

    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"track": [str(n) for n in range(60)], "segment": 0, "genre": ["a", "b"] * 30})
    whole = dataset.Part(x=rng.normal(size=(60, 6)).astype(np.float32), y=np.arange(60) % 2, rows=rows)
    train = dataset.Part(x=whole.x[:40], y=whole.y[:40], rows=rows[:40])
    inputs = keras.layers.Input((6,))
    fitted = {
        "principal_components": lambda x: pieces.principal_components(x, count=3),
        "least_squares": lambda x: pieces.least_squares(x, classes=2, ridge=0.1),
    }
    outputs = keras.layers.Dense(2, activation="softmax")(fitted[name](inputs))
    for seen, fails in ((train, False), (whole, True)):
        model = keras.Model(inputs, outputs, name="vgg16")
        preprocessing.adapt(model, seen)
        if fails:
            with pytest.raises(LeakError, match=name):
                leakage.check_preprocessing(model, fitted=train, genres=["a", "b"])
        else:
            leakage.check_preprocessing(model, fitted=train, genres=["a", "b"])


def test_a_label_order_that_saw_test_is_a_leak(
    tuned: Path, short: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swap(data: dataset.Dataset) -> dataset.Dataset:
        parts = with_parts(data, train=data["train"], validation=data["validation"])
        return dataset.Dataset(**{**vars(parts), "genres": [*data.genres, "reggae"]})

    monkeypatch.setattr(dataset, "load", loading(swap))
    with pytest.raises(LeakError, match="label order was not taken from the rows fitted on: reggae"):
        training.run("mlp", params=short, root=tuned)


def test_a_model_that_was_fitted_before_is_refused(
    tuned: Path, short: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finding 14: a fitted model is handed to the next fit and test."""
    honest = fit.build
    kept: list[Any] = []

    def build(*given: Any, **named: Any) -> Any:
        kept.append(honest(*given, **named) if not kept else kept[0])
        return kept[-1]

    monkeypatch.setattr(fit, "build", build)
    training.run("mlp", params=short, root=tuned)
    with pytest.raises(TrainingError, match="was fitted before; a run begins with a fresh model"):
        training.run("mlp", params=short, root=tuned)


def test_a_champion_scored_on_songs_it_was_fitted_on_is_a_leak() -> None:
    columns = ["track", "sha256", "sound_sha256"]
    fitted = pd.DataFrame([["rock.00001", "a", "s"], ["rock.00002", "b", ""]], columns=columns)
    jazz = pd.DataFrame([["rock.00002", "c", ""]], columns=columns)  # another song of the same name
    for known in (["x", "d", "s"], ["x", "b", ""]):
        both = pd.concat([jazz, pd.DataFrame([known], columns=columns)])
        with pytest.raises(LeakError, match=r"champion 3 was fitted on 1 of the songs .* 'x'"):
            leakage.check_champion(both, fitted=fitted, name="champion 3")
    leakage.check_champion(jazz, fitted=fitted, name="champion 3")
