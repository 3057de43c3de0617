"""Guards: every leak is planted where it would happen, and stops the run instead of raising an accuracy."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from components import (
    arrays,
    atomic,
    fitting,
    gate,
    leaks,
    preparation,
    rescoring,
    search_space,
    splits,
    training,
)
from components.errors import LeakError, TrainingError
from components.params import Params

HP = {"units_1": 8, "units_2": 8, "units_3": 8, "learning_rate": 0.01}


@pytest.fixture
def tuned(small_project: Path, small_params: Params) -> Path:
    """The project with a small set for the MLP, as if searched."""
    block = small_params.models["mlp"]
    hp = search_space.space(block.search).values | block.study | HP
    atomic.write_json(
        small_project / "tuning/mlp/best.json", {"trial": "0", "score": 0.5, "hyperparameters": hp}
    )
    return small_project


@pytest.fixture
def short(small_params: Params) -> Params:
    """Two epochs: what leaks does so before the first."""
    budget = small_params.training.model_copy(update={"epochs": 2})
    return small_params.model_copy(update={"training": budget})


def loading(swap: Callable[[arrays.Dataset], arrays.Dataset]) -> Callable[..., arrays.Dataset]:
    """Return ``arrays.load`` with a fault planted into what is loaded for the fit."""
    honest = arrays.load

    def load(feature: str, *, parts: Sequence[str], root: Path) -> arrays.Dataset:
        if "test" in parts:
            return honest(feature, parts=parts, root=root)
        return swap(honest(feature, parts=("train", "validation", "test"), root=root))

    return load


def with_parts(data: arrays.Dataset, **parts: arrays.Part) -> arrays.Dataset:
    return arrays.Dataset(
        parts=parts,
        genres=data.genres,
        fingerprint=data.fingerprint,
        protocol=data.protocol,
        meta=data.meta,
    )


def test_a_test_part_that_stops_the_fit_is_a_leak(
    tuned: Path, short: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    swap = loading(lambda data: with_parts(data, train=data["train"], validation=data["test"]))
    monkeypatch.setattr(arrays, "load", swap)
    with pytest.raises(LeakError, match="of test are in validation too"):
        training.run("mlp", params=short, root=tuned)
    assert not (tuned / "models" / "mlp").exists()


def test_a_test_part_that_is_fitted_on_is_a_leak(
    tuned: Path, short: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swap(data: arrays.Dataset) -> arrays.Dataset:
        both = arrays.joined(data["train"], data["test"])
        return with_parts(data, train=both, validation=data["validation"])

    monkeypatch.setattr(arrays, "load", loading(swap))
    with pytest.raises(LeakError, match="of test are in train too"):
        training.run("mlp", params=short, root=tuned)


def test_a_single_segment_on_two_sides_is_a_leak_under_the_study_s_protocol_too() -> None:
    def part(*rows: tuple[str, int]) -> arrays.Part:
        table = pd.DataFrame(rows, columns=["track", "segment"]).assign(genre="jazz")
        return arrays.Part(x=np.zeros((len(rows), 1), np.float32), y=np.zeros(len(rows), int), rows=table)

    parts = {"train": part(("a", 0), ("a", 1)), "test": part(("a", 2))}
    leaks.guard_parts(parts, protocol="segment")
    with pytest.raises(LeakError, match="'a' among them"):
        leaks.guard_parts(parts, protocol="track")
    with pytest.raises(LeakError, match="'a' segment 1 among them"):
        leaks.guard_parts({**parts, "test": part(("a", 1))}, protocol="segment")


def test_a_scaler_that_saw_test_is_a_leak(
    tuned: Path, short: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = arrays.load("mfcc_summary", parts=splits.PARTS, root=tuned)
    honest = preparation.adapt
    calls: list[int] = []

    def adapt(model: Any, x: np.ndarray) -> None:
        # The first call is the fit's own, the second the guard's.
        calls.append(len(x))
        leaked = np.concatenate([part.x for part in everything.parts.values()])
        honest(model, leaked if len(calls) == 1 else x)

    monkeypatch.setattr(preparation, "adapt", adapt)
    with pytest.raises(LeakError, match="layer 'standardise' of model 'mlp' is not adapted to the"):
        training.run("mlp", params=short, root=tuned)
    assert len(calls) == 2


def test_principal_components_that_saw_test_are_a_leak() -> None:
    import keras

    from components import layers as pieces

    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"track": [str(n) for n in range(60)], "segment": 0, "genre": ["a", "b"] * 30})
    whole = arrays.Part(x=rng.normal(size=(60, 6)).astype(np.float32), y=np.zeros(60, int), rows=rows)
    train = arrays.Part(x=whole.x[:40], y=whole.y[:40], rows=rows[:40])
    inputs = keras.layers.Input((6,))
    outputs = keras.layers.Dense(2, activation="softmax")(pieces.principal_components(inputs, count=3))
    for seen, fails in ((train, False), (whole, True)):
        model = keras.Model(inputs, outputs, name="vgg16")
        preparation.adapt(model, seen.x)
        if fails:
            with pytest.raises(LeakError, match="principal_components"):
                leaks.guard_preparation(model, fitted=train, genres=["a", "b"])
        else:
            leaks.guard_preparation(model, fitted=train, genres=["a", "b"])


def test_a_label_order_that_saw_test_is_a_leak(
    tuned: Path, short: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swap(data: arrays.Dataset) -> arrays.Dataset:
        parts = with_parts(data, train=data["train"], validation=data["validation"])
        return arrays.Dataset(**{**vars(parts), "genres": [*data.genres, "reggae"]})

    monkeypatch.setattr(arrays, "load", loading(swap))
    with pytest.raises(LeakError, match="label order was not taken from the rows fitted on: reggae"):
        training.run("mlp", params=short, root=tuned)


def test_a_model_that_was_fitted_before_is_refused(
    tuned: Path, short: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finding 14: a fitted model is handed to the next fit and test."""
    honest = fitting.build
    kept: list[Any] = []

    def build(*given: Any, **named: Any) -> Any:
        kept.append(honest(*given, **named) if not kept else kept[0])
        return kept[-1]

    monkeypatch.setattr(fitting, "build", build)
    training.run("mlp", params=short, root=tuned)
    with pytest.raises(TrainingError, match="was fitted before; a run begins with a fresh model"):
        training.run("mlp", params=short, root=tuned)


def test_a_champion_asked_about_songs_it_was_fitted_on_is_a_leak(
    tmp_path: Path, small_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = pd.DataFrame(
        {
            "part": "validation",
            "track": ["jazz.00001", "rock.00001"],
            "segment": 0,
            "genre": ["jazz", "rock"],
            "predicted": ["jazz", "rock"],
            "probability.jazz": [1.0, 0.0],
            "probability.rock": [0.0, 1.0],
        }
    )
    (tmp_path / "models" / "mlp").mkdir(parents=True)
    rows.to_parquet(tmp_path / "models" / "mlp" / "predictions.parquet")
    facts = tmp_path / "training.json"
    facts.write_text(json.dumps({"train_tracks": ["rock.00001", "rock.00002"]}), encoding="utf-8")
    champion = SimpleNamespace(version="3", run_id="run", tags={"split_fingerprint": "another split"})
    client = SimpleNamespace(download_artifacts=lambda *_: str(facts))
    monkeypatch.setattr(rescoring, "validation_predictions", lambda *_given, **_named: rows)
    challenger = {"fingerprint": "this split", "feature": {"unit": "segment"}}
    with pytest.raises(LeakError, match=r"champion 3 was fitted on 1 of the songs .* 'rock.00001'"):
        gate.beats(client, champion, "mlp", facts=challenger, params=small_params, root=tmp_path)


def test_a_byte_identical_track_or_an_artist_in_two_parts_is_a_leak(
    tracks: pd.DataFrame, small_params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted where it would happen: the deal forgets that rows belong together."""
    tracks.loc[1:4, "sha256"] = tracks.loc[0, "sha256"]
    honest = splits.deal

    def forgetful(rows: pd.DataFrame, **given: Any) -> pd.Series:
        return honest(rows, **{**given, "grouped": False})

    splits.make(tracks, params=small_params)
    monkeypatch.setattr(splits, "deal", forgetful)
    with pytest.raises(LeakError, match=r"identical or same-artist tracks are on two sides .*blues\.0000"):
        splits.make(tracks, params=small_params)
