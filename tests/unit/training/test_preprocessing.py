"""Frozen preprocessing layers against scikit-learn's scaler and NumPy's quantiles."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from components.core.errors import ParamsError
from components.models import layers as pieces
from components.training import preprocessing, stored_rows
from components.training.dataset import Part, song_weights
from tests.support.stored import stored


def part(x: np.ndarray, y: np.ndarray | None = None, tracks: list[str] | None = None) -> Part:
    """Rows of one genre, each a song of its own, where nothing else is given."""
    y = np.zeros(len(x), dtype=np.int64) if y is None else y
    return Part(x=x, y=y, rows=pd.DataFrame({"track": tracks or [str(row) for row in range(len(x))]}))


def standardised(train: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Fit to ``train``, give ``rows``."""
    import keras

    inputs = keras.layers.Input(train.shape[1:])
    model = keras.Model(inputs, keras.layers.Normalization()(inputs))
    preprocessing.adapt(model, part(train))
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


def in_bins(train: np.ndarray, rows: np.ndarray, *, bins: int) -> np.ndarray:
    """Fit to ``train``; give how far through each bin of each column ``rows`` are, shape (rows, bins, columns)."""
    import keras

    inputs = keras.layers.Input(train.shape[1:])
    model = keras.Model(inputs, pieces.piecewise(inputs, bins=bins, columns=train.shape[1]))
    preprocessing.adapt(model, part(train))
    return model.predict(rows, verbose=0).reshape(len(rows), bins, train.shape[1])


@pytest.mark.parametrize("bins", [1, 4])
def test_bins_hold_equally_many_train_rows_and_are_passed_one_after_the_other(bins: int) -> None:
    train = np.random.default_rng(0).lognormal(size=(200, 3)).astype(np.float32)
    edges = np.quantile(train, np.linspace(0, 1, bins + 1), axis=0)
    passed = in_bins(train, train, bins=bins).sum(axis=1) + bins / 2
    for column in range(3):
        expected = np.interp(train[:, column], edges[:, column], np.arange(bins + 1))
        np.testing.assert_allclose(passed[:, column], expected, atol=1e-4)


def test_beyond_the_train_rows_a_bin_goes_on_for_one_width_and_a_bin_of_no_width_keeps_the_scale() -> None:
    train = np.float32([[0, 0], [1, 0], [2, 0], [3, 0], [4, 0]])
    far = in_bins(train, np.float32([[-9, 0.25], [-1, -9], [5, 9], [9, 0]]), bins=2)
    np.testing.assert_allclose(far[:, :, 0], [[-1.5, -0.5], [-1, -0.5], [0.5, 1], [0.5, 1.5]], atol=1e-6)
    np.testing.assert_allclose(
        far[:, :, 1], [[-0.25, -0.25], [-1.5, -0.5], [0.5, 1.5], [-0.5, -0.5]], atol=1e-6
    )


@pytest.mark.parametrize("shape", [(4,), (3, 4)])
def test_augmented_views_take_the_way_of_their_rows_and_those_of_validation_none(
    shape: tuple[int, ...],
) -> None:
    import keras

    rows = np.random.default_rng(0).normal(3, 2, (6, *shape)).astype(np.float32)
    frame = pd.DataFrame({"track": [str(number) for number in range(6)]})
    augmented = Part(x=rows, y=np.arange(6), rows=frame, augmented=np.stack([rows + 10, rows + 20]))
    inputs, x = pieces.begin(shape, axes=1, views=True)
    x = pieces.prepared(pieces.standardise(x))
    outputs = pieces.average_views(keras.layers.Dense(6, activation="softmax")(x))
    model = keras.Model(inputs, outputs)
    preprocessing.adapt(model, part(rows))
    model.compile(loss="categorical_crossentropy")
    _, train, validation = preprocessing.run(model, train=augmented, validation=augmented)
    first = rows.reshape(6, -1, 4)[:, 0]
    expected = (rows - first.mean(axis=0)) / first.std(axis=0)
    views = shape[0] if len(shape) > 1 else 1
    assert [view.shape for view in train.augmented] == [train.x.shape] * 2
    assert len(train.x) == len(train.y) == 6 * views
    np.testing.assert_allclose(train.x.reshape(rows.shape), expected, atol=1e-4)
    for number, offset in enumerate((10, 20)):
        moved = train.augmented[number].reshape(rows.shape)
        np.testing.assert_allclose(moved, expected + offset / first.std(axis=0), rtol=1e-4, atol=1e-3)
    assert validation.augmented is None
    np.testing.assert_allclose(validation.x, expected, atol=1e-4)


def least_squares(train: Part, rows: np.ndarray, *, ridge: float) -> np.ndarray:
    """Fit to ``train``, give scores of ``rows``."""
    import keras

    inputs = keras.layers.Input(train.x.shape[1:])
    model = keras.Model(inputs, pieces.least_squares(inputs, classes=3, ridge=ridge))
    preprocessing.adapt(model, train)
    return model.predict(rows, verbose=0)


def test_least_squares_is_the_ridge_regression_of_songs() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(30) % 3
    x = (rng.normal(size=(30, 5)) + y[:, None]).astype(np.float32)
    scores = least_squares(part(x, y), x, ridge=0.3)
    centred, targets = x - x.mean(axis=0), np.eye(3)[y] - 1 / 3
    penalty = 0.3 * np.square(centred).sum(axis=1).mean() * np.eye(5)
    expected = centred @ np.linalg.solve(centred.T @ centred + penalty, centred.T @ targets) + 1 / 3
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_a_song_of_more_rows_and_a_genre_of_more_songs_weigh_no_more() -> None:
    rng = np.random.default_rng(1)
    y = np.arange(30) % 3
    x = (rng.normal(size=(30, 5)) + y[:, None]).astype(np.float32)
    once = least_squares(part(x, y), x, ridge=0.3)
    # Every row of the first genre's songs four times: as rows of the same songs.
    places = np.concatenate([np.arange(30), *[np.flatnonzero(y == 0)] * 3])
    tracks = [str(place) for place in places]
    rows = part(x[places], y[places], tracks)
    weighted = Part(x=rows.x, y=rows.y, rows=rows.rows, weights=song_weights(rows.rows))
    np.testing.assert_allclose(least_squares(weighted, x, ridge=0.3), once, atol=1e-5)
    # A genre of more songs: the mean score of each genre's centre stays the same for all.
    more = least_squares(part(x[places], y[places]), x[places], ridge=1e6)
    np.testing.assert_allclose(more, 1 / 3, atol=1e-3)


def test_blocks_weigh_the_same_whatever_their_width() -> None:
    x = np.ones((1, 5), dtype=np.float32)
    scaled = np.asarray(pieces.scale_blocks(x, widths=[1, 4]))
    np.testing.assert_allclose(scaled, [[1, 0.5, 0.5, 0.5, 0.5]])
    with pytest.raises(ParamsError, match=r"blocks is \[1, 3\], 4 columns in all; valid: .* 5 columns"):
        pieces.scale_blocks(x, widths=[1, 3])


@pytest.mark.parametrize("shape", [(200, 1), (200, 3), (70, 9, 5)])
def test_rows_in_memory_and_on_disk_are_standardised_to_the_bit_as_keras_does(
    shape: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    monkeypatch.setattr(stored_rows, "PIECE", 700)
    x = (np.random.default_rng(0).normal(size=shape) * 7 + 1e3).astype(np.float32)
    keras_own = keras.layers.Normalization()
    keras_own.adapt(x)
    for rows in (part(x), stored(part(x), tmp_path)):
        inputs = keras.layers.Input(shape[1:])
        model = keras.Model(inputs, keras.layers.Normalization()(inputs))
        preprocessing.adapt(model, rows)
        for one, other in zip(model.get_weights(), keras_own.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_very_many_rows_are_added_up_in_double_precision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    monkeypatch.setattr(preprocessing, "SUMMED_SINGLY", 100)
    x = (np.random.default_rng(0).normal(size=(5000, 2)) + 1e4).astype(np.float32)
    inputs = keras.layers.Input((2,))
    model = keras.Model(inputs, keras.layers.Normalization()(inputs))
    preprocessing.adapt(model, stored(part(x), tmp_path))
    np.testing.assert_allclose(model.get_weights()[0], x.mean(axis=0, dtype=np.float64), rtol=1e-7)
    np.testing.assert_allclose(model.get_weights()[1], x.var(axis=0, dtype=np.float64), rtol=1e-6)


def test_components_and_bins_are_of_evenly_spaced_rows_where_all_are_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    monkeypatch.setattr(preprocessing, "SAMPLE", 3 * 4)
    x = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    weights = []
    for rows in (part(x[[0, 4, 8]]), stored(part(x), tmp_path)):
        inputs = keras.layers.Input((4,))
        model = keras.Model(inputs, pieces.piecewise(inputs, bins=2, columns=4))
        preprocessing.adapt(model, rows)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_least_squares_of_rows_on_disk_is_that_of_rows_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_rows, "PIECE", 4 * 5 * 8)
    rng = np.random.default_rng(0)
    y = np.sort(np.arange(30) % 3)
    x = (rng.normal(size=(30, 5)) + y[:, None]).astype(np.float32)
    tracks = [str(row // 3) if row < 12 else str(row) for row in range(30)]
    rows = part(x, y, tracks)
    rows = replace(rows, weights=song_weights(rows.rows))
    expected = least_squares(rows, x, ridge=0.3)
    np.testing.assert_allclose(least_squares(stored(rows, tmp_path), x, ridge=0.3), expected, atol=1e-5)
