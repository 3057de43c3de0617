"""Adam by one kernel takes the steps of Keras' own, to float32's last bits."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from components.training.adam import OneKernelAdam
from components.training.traced import spare_biases

SCHEDULE = keras.optimizers.schedules.CosineDecay(0.0, decay_steps=8, warmup_target=0.02, warmup_steps=3)


def fitted(optimizer: keras.optimizers.Optimizer, *, steps: int) -> keras.Model:
    """A small network after steps on rows that are the same each time."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(16, "tanh", name="dense"),
            keras.layers.Dense(3, "softmax", name="genre"),
        ],
        name="small",
    )
    spare_biases(optimizer)
    model.compile(optimizer=optimizer, loss="categorical_crossentropy", jit_compile=False)
    rng = np.random.default_rng(0)
    x, y = (
        rng.normal(size=(8 * steps, 6)).astype(np.float32),
        np.eye(3, dtype=np.float32)[[0, 1, 2, 0] * 2 * steps],
    )
    model.fit(x, y, batch_size=8, shuffle=False, verbose=0)
    return model


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (keras.optimizers.Adam, {"learning_rate": 0.01}),
        (keras.optimizers.Adam, {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}),
        (keras.optimizers.AdamW, {"learning_rate": 0.01, "weight_decay": 0.1}),
        (keras.optimizers.AdamW, {"learning_rate": SCHEDULE, "weight_decay": 0.05}),
    ],
    ids=["adam", "all of its constants", "weight decay", "schedule"],
)
def test_it_takes_the_steps_of_keras_own(
    kind: type[keras.optimizers.Optimizer], options: dict[str, Any]
) -> None:
    theirs = fitted(kind(**options), steps=10)
    ours = fitted(OneKernelAdam.from_config(kind(**options).get_config()), steps=10)
    pairs = [
        (ours.weights, theirs.weights),
        (ours.optimizer.variables, theirs.optimizer.variables),
    ]
    for some, others in pairs:
        assert [one.path.rpartition("/")[2] for one in some] == [
            one.path.rpartition("/")[2] for one in others
        ]
        for one, other in zip(some, others, strict=True):
            np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-6)
    start = fitted(kind(**options | {"learning_rate": 0.0}), steps=1).get_weights()
    assert all(np.abs(one - other).max() > 0.01 for one, other in zip(ours.get_weights(), start, strict=True))
