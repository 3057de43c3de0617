"""Outputs batch by batch against Keras' ``predict``."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from components.training import inference


@pytest.mark.parametrize("rows", [1, inference.BATCH, 2 * inference.BATCH + 3])
def test_it_gives_what_predict_gives(rows: int) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dropout(0.5)])
    x = np.random.default_rng(0).normal(size=(rows, 4)).astype(np.float32)
    np.testing.assert_allclose(inference.outputs(model, x), model.predict(x, verbose=0), atol=1e-6)


def test_no_rows_are_refused() -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)], name="small")
    with pytest.raises(ValueError, match="small"):
        inference.outputs(model, np.zeros((0, 4), dtype=np.float32))
