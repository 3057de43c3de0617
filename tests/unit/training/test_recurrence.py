"""LSTM layers of a fit against Keras' own: outputs, gradients, and the layout of their weights."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.training import recurrence

SHAPE = (9, 3)


def layer(kind: str) -> Any:
    lstm = keras.layers.LSTM(5, return_sequences=kind != "last output", go_backwards=kind == "backwards")
    return keras.layers.Bidirectional(lstm) if kind == "both ways" else lstm


def networks(kind: str, *, frames: int | None = SHAPE[0]) -> tuple[keras.Model, keras.Model]:
    """Keras' network, and its clone with the same weights, none of them 0."""
    inputs = keras.Input((2, *SHAPE) if kind == "views" else (frames, SHAPE[1]))
    if kind == "views":
        view = keras.Input(SHAPE)
        outputs = keras.layers.TimeDistributed(keras.Model(view, layer("both ways")(view)))(inputs)
    else:
        outputs = layer(kind)(inputs)
    model = keras.Model(inputs, outputs)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.5, weight.shape) for weight in model.get_weights()])
    clone = recurrence.clone(model)
    clone.set_weights(model.get_weights())
    return model, clone


def outcome(model: keras.Model, x: np.ndarray) -> list[np.ndarray]:
    """Outputs, and gradients of a function of them by the input and each weight."""

    @tf.function
    def run(x: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = model(x, training=True)
            total = tf.reduce_sum(tf.cos(3.0 * outputs))
        return [outputs, *tape.gradient(total, [x, *(weight.value for weight in model.trainable_weights)])]

    return [tensor.numpy() for tensor in run(tf.constant(x))]


@pytest.mark.parametrize("kind", ["sequence", "last output", "backwards", "both ways", "views"])
def test_outputs_and_gradients_are_those_of_keras(kind: str) -> None:
    model, clone = networks(kind)
    x = np.random.default_rng(1).normal(size=(4, *model.input_shape[1:])).astype(np.float32)
    assert [weight.shape for weight in clone.weights] == [weight.shape for weight in model.weights]
    assert_alike(model, clone, x)


@pytest.mark.parametrize("frames", [1, 2, 7, 8, None])
def test_sequences_have_any_number_of_frames(frames: int | None) -> None:
    model, clone = networks("both ways", frames=frames)
    for length in (frames,) if frames else (4, 7):
        assert_alike(
            model, clone, np.random.default_rng(1).normal(size=(4, length, SHAPE[1])).astype(np.float32)
        )


def assert_alike(model: keras.Model, clone: keras.Model, x: np.ndarray) -> None:
    for own, expected in zip(outcome(clone, x), outcome(model, x), strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-4, atol=1e-5)


def test_evaluation_is_that_of_keras() -> None:
    model, clone = networks("sequence")
    x = np.random.default_rng(1).normal(size=(4, *SHAPE)).astype(np.float32)
    np.testing.assert_array_equal(clone(x, training=False), model(x, training=False))


@pytest.mark.parametrize("option", [{"activation": "relu"}, {"recurrent_dropout": 0.2}, {"use_bias": False}])
def test_other_layers_stay_keras_own(option: dict[str, Any]) -> None:
    inputs = keras.Input(SHAPE)
    clone = recurrence.clone(keras.Model(inputs, keras.layers.LSTM(2, **option)(inputs)))
    assert type(clone.layers[-1]) is keras.layers.LSTM
