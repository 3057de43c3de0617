"""A fit by a traced step equals one that is traced for itself, bit for bit: nothing passes from fit to fit."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from components.models import layers as pieces
from components.training import fit
from components.training.dataset import Part
from components.training.traced import Traced, spare_biases

CLASSES = 3
SHAPE = (5, 4)


def part(seed: int, *, rows: int = 20) -> Part:
    y = np.arange(rows) % CLASSES
    x = np.random.default_rng(seed).normal(0, 1, (rows, *SHAPE)) + y[:, None, None]
    return Part(x=x.astype(np.float32), y=y, rows=pd.DataFrame({"track": [str(row) for row in range(rows)]}))


def network(kind: str, train: Part) -> keras.Model:
    """A network with dropout and fitted standardisation, as ``fit.build`` compiles one."""
    from components.training import preprocessing

    inputs = keras.Input(SHAPE)
    x = pieces.standardise(inputs)
    x = pieces.prepared(x) if kind == "prepared" else x
    x = keras.layers.LSTM(6, name="lstm")(x) if kind == "lstm" else keras.layers.Flatten(name="flat")(x)
    x = keras.layers.Dropout(0.5, name="dropout")(keras.layers.Dense(8, activation="tanh", name="dense")(x))
    model = keras.Model(inputs, keras.layers.Dense(CLASSES, activation="softmax", name="genre")(x), name=kind)
    preprocessing.adapt(model, train)
    optimizer = keras.optimizers.AdamW(0.05, weight_decay=0.1)
    spare_biases(optimizer)
    model.compile(optimizer=optimizer, loss=keras.losses.CategoricalCrossentropy(), steps_per_execution=2)
    return model


def run(kind: str, *, seed: int, train: Part, traced: Traced | None) -> tuple[pd.DataFrame, list[Any]]:
    keras.backend.clear_session()
    fit.seed_everything(seed)
    model = network(kind, train)
    budget: dict[str, Any] = {"epochs": 2, "patience": 1, "monitor": "val_loss"}
    history = fit.fit(model, train=train, validation=part(9), hp={"batch_size": 8}, traced=traced, **budget)
    return history, model.get_weights()


@pytest.mark.parametrize("kind", ["plain", "prepared", "lstm"])
def test_an_execution_equals_one_of_a_fresh_trace_bit_for_bit(kind: str) -> None:
    """Another seed and other rows were fitted by the same step before."""
    traced = Traced()
    run(kind, seed=1, train=part(1), traced=traced)
    for rows in (part(1), part(2)):
        history, weights = run(kind, seed=2, train=rows, traced=traced)
        alone, expected = run(kind, seed=2, train=rows, traced=None)
        pd.testing.assert_frame_equal(history, alone, check_exact=True)
        for one, other in zip(weights, expected, strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_step_is_traced_once_for_networks_alike_and_anew_for_others() -> None:
    traced, twins = Traced(), []
    for units in (4, 4, 5):
        keras.backend.clear_session()
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units, name="genre")])
        model.compile(optimizer=keras.optimizers.Adam(), loss=keras.losses.CategoricalCrossentropy())
        twins.append(traced.begin(model))
    assert twins[0] is twins[1]
    assert twins[1] is not twins[2]


def test_the_twin_begins_as_the_fresh_network_and_hands_back_what_it_became() -> None:
    traced, train = Traced(), part(1)
    first, second = network("plain", train), network("plain", train)
    twin = traced.begin(first)
    twin.optimizer.iterations.assign(7)
    twin.set_weights([weight + 1 for weight in first.get_weights()])
    traced.end(first)
    assert int(first.optimizer.iterations) == 7
    twin = traced.begin(second)
    assert int(twin.optimizer.iterations) == 0
    for one, other in zip(twin.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_random_numbers_are_drawn_as_if_there_were_no_twin() -> None:
    drawn = []
    for traced in (None, Traced()):
        keras.backend.clear_session()
        fit.seed_everything(3)
        model = network("plain", part(1))
        if traced:
            traced.begin(model)
        drawn.append(keras.initializers.GlorotUniform()((4, 4)))
    np.testing.assert_array_equal(*drawn)
