"""What is fitted to the train rows before training: scikit-learn says what standardising is."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from components import preparation


def standardised(train: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Fit to ``train``, give ``rows``."""
    import keras

    inputs = keras.layers.Input(train.shape[1:])
    model = keras.Model(inputs, keras.layers.Normalization()(inputs))
    preparation.adapt(model, train)
    return model.predict(rows, verbose=0)


@pytest.fixture
def train() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(size=(50, 4)) * [1, 100, 0.01, 5] + [0, 1e4, 3, -7]).astype(np.float32)


def test_columns_are_standardised_as_scikit_learn_does(train: np.ndarray) -> None:
    expected = StandardScaler().fit(train.astype(float)).transform(train.astype(float))
    np.testing.assert_allclose(standardised(train, train), expected, atol=1e-3)


@pytest.mark.parametrize("value", [0.0, 0.1, -12345.678])
def test_a_column_constant_over_the_train_rows_keeps_its_scale(train: np.ndarray, value: float) -> None:
    train[:, 1] = value
    others = train + np.float32([0, 2, 0, 0])
    column = standardised(train, others)[:, 1]
    np.testing.assert_allclose(column, StandardScaler().fit(train).transform(others)[:, 1], atol=1e-2)
    assert column == pytest.approx(2.0, abs=1e-2)
