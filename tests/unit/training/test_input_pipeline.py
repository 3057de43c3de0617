"""Batches with and without weights: songs count alike, and where all have as many rows nothing is weighed."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest

from components.training import dataset, fit, input_pipeline
from components.training.dataset import Part

CLASSES = 3


def part(*counts: int) -> Part:
    """Songs with so many rows each, of the genres in turn."""
    rows = pd.DataFrame({"track": np.repeat([f"song {number}" for number in range(len(counts))], counts)})
    y = np.repeat(np.arange(len(counts)) % CLASSES, counts)
    x = (np.random.default_rng(0).normal(0, 1, (len(y), 6)) + y[:, None]).astype(np.float32)
    return Part(x=x, y=y, rows=rows, weights=dataset.song_weights(rows))


def batch(rows: Part, *, mixup: float = 0.0) -> list[np.ndarray]:
    keras.utils.set_random_seed(0)
    data = input_pipeline.batches(rows, classes=CLASSES, batch_size=len(rows.y), shuffle=False, mixup=mixup)
    (only,) = data
    return [tensor.numpy() for tensor in only]


def test_equal_songs_have_no_weights() -> None:
    assert len(batch(part(2, 2, 2))) == 2


def test_weights_go_with_their_rows() -> None:
    _, _, weights = batch(part(1, 3, 2))
    np.testing.assert_allclose(weights, [2, *[2 / 3] * 3, 1, 1])


def test_masked_rows_keep_their_weights() -> None:
    rows = part(1, 3)
    sequences = replace(rows, x=np.ones((4, 5, 2), dtype=np.float32))
    data = input_pipeline.batches(sequences, classes=CLASSES, batch_size=4, shuffle=False, mask_frames=2)
    ((_, _, weights),) = data
    np.testing.assert_allclose(weights, rows.weights)


def test_mixed_rows_enter_the_loss_each_with_its_own_weight() -> None:
    rows = part(1, 9)
    x, y, weights = batch(rows, mixup=0.4)
    np.testing.assert_allclose(y.sum(axis=1), 1.0, rtol=1e-6)
    # The share of the first genre in row and label comes from the one heavy row alone.
    assert np.isclose(y[0, 0], 1.0) == np.isclose(weights[0], rows.weights[0])
    assert (weights <= rows.weights.max() + 1e-6).all()
    assert (weights >= rows.weights.min() - 1e-6).all()
    assert x.shape == rows.x.shape


def test_equal_weights_mix_as_none_do() -> None:
    rows = part(2, 2, 2)
    ones = replace(rows, weights=np.ones(6, dtype=np.float32))
    for plain, weighed in zip(batch(rows, mixup=0.4), batch(ones, mixup=0.4)[:2], strict=True):
        np.testing.assert_allclose(plain, weighed, rtol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_figures_of_train_and_validation_count_songs(smoothing: float) -> None:
    rows = part(1, 3, 6)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(CLASSES, activation="softmax")])
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
    # A learning rate of 0: the figures are those of one known set of weights.
    model.compile(optimizer=keras.optimizers.Adam(0.0), loss=loss, weighted_metrics=["accuracy"])
    history = fit.fit(
        model,
        train=rows,
        validation=rows,
        hp={"batch_size": 4},
        epochs=1,
        patience=1,
        monitor="val_accuracy",
    )
    predicted = model.predict(rows.x, verbose=0)
    label = (1 - smoothing) * np.eye(CLASSES)[rows.y] + smoothing / CLASSES
    by_row = pd.DataFrame(
        {"right": predicted.argmax(axis=1) == rows.y, "loss": -(label * np.log(predicted)).sum(axis=1)}
    )
    songs = by_row.groupby(rows.rows["track"]).mean().mean()
    for prefix in ("", "val_"):
        np.testing.assert_allclose(history[f"{prefix}accuracy"], songs["right"], rtol=1e-5)
        np.testing.assert_allclose(history[f"{prefix}loss"], songs["loss"], rtol=1e-4)


def drawn(rows: Part, **changes: float) -> list[np.ndarray]:
    keras.utils.set_random_seed(1)
    (only,) = input_pipeline.batches(rows, classes=CLASSES, batch_size=len(rows.y), shuffle=False, **changes)
    return [tensor.numpy() for tensor in only]


def test_of_augmented_rows_each_view_is_drawn_about_as_often_and_weights_stay() -> None:
    rows = part(*[1, 2] * 150)
    views = replace(rows, augmented=np.stack([rows.x + 100, rows.x + 200]))
    x, y, weights = drawn(views)
    which = np.rint((x - rows.x) / 100).astype(int)
    assert (which == which[:, :1]).all()
    np.testing.assert_allclose(x - 100 * which, rows.x, atol=1e-4)
    assert np.bincount(which[:, 0], minlength=3).min() > len(rows.y) / 5
    np.testing.assert_array_equal(y.argmax(axis=1), rows.y)
    np.testing.assert_array_equal(weights, rows.weights)


def test_mixup_within_a_genre_leaves_labels_whole_and_mixes_rows_of_one_genre() -> None:
    rows = part(*[2] * 30)
    own = replace(rows, x=np.repeat(rows.y[:, None], 6, axis=1).astype(np.float32))
    x, y = drawn(own, mixup=0.4, mixup_within_genre=True)
    np.testing.assert_allclose(y, np.eye(CLASSES)[rows.y], atol=1e-6)
    np.testing.assert_allclose(x, own.x, atol=1e-5)
    mixed, _ = drawn(rows, mixup=0.4, mixup_within_genre=True)
    assert (np.abs(mixed - rows.x).max(axis=1) > 1e-3).mean() > 0.5
    _, labels = drawn(own, mixup=0.4)
    assert (labels.max(axis=1) < 0.99).any()


def test_masks_never_cover_a_whole_sequence() -> None:
    rows = part(*[1] * 60)
    sequences = replace(rows, x=np.ones((60, 3, 2), dtype=np.float32))
    x = drawn(sequences, mask_frames=9)[0]
    assert x.any(axis=(1, 2)).all()
    assert not x.all()
