"""Batches that a model is fitted on, shuffled, mixed and masked on their way."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from components.training import stored_rows
from components.training.dataset import Part


def batches(
    part: Part,
    *,
    classes: int,
    batch_size: int,
    shuffle: bool,
    mixup: float = 0.0,
    mixup_within_genre: bool = False,
    mask_frames: int = 0,
    mask_channels: int = 0,
) -> tf.data.Dataset:
    """Feed a part in batches.

    Parameters
    ----------
    part : Part
        The rows. Where they have augmented views, one of a row's views is drawn each time, the row as it is among
        them: an epoch is as long with them as without, and a row weighs as much.
    classes : int
        Number of genres, the length of each one-hot label.
    batch_size : int
        Rows a batch.
    shuffle : bool
        Draw the rows in a new order each epoch.
    mixup : float
        Parameter alpha of mixup (H. Zhang et al., ICLR 2018); 0 leaves rows as they are.
    mixup_within_genre : bool
        Mix a row with one of its own genre in its batch, where it is mixed with any otherwise; labels then stay whole.
    mask_frames, mask_channels : int
        Of a sequence, set so many neighbouring frames and channels at most to 0 in each row, drawn anew each
        time (SpecAugment: D. Park et al., Interspeech 2019), and never all; 0 leaves rows as they are.

    Returns
    -------
    tf.data.Dataset
        Of ``(x, one-hot y)``; where the part has weights, of ``(x, one-hot y, weights)``.
    """
    options = tf.data.Options()
    # With its autotuner on two cores, epochs stretch up to twofold at random.
    options.autotune.enabled = False
    labels = tf.one_hot(part.y, classes)
    weights = () if part.weights is None else (part.weights,)
    if part.is_stored:
        # Their places, which are drawn as rows are: the batches are those of rows in memory.
        data = tf.data.Dataset.range(len(part.y))
    else:
        x = (
            part.x
            if part.augmented is None
            else np.stack([stored_rows.in_memory(view) for view in part.arrays], axis=1)
        )
        data = tf.data.Dataset.from_tensor_slices((x, labels, *weights))
    if shuffle:
        data = data.shuffle(len(part.y), reshuffle_each_iteration=True)
    data = data.batch(batch_size)
    if part.is_stored:
        data = data.map(_reading(part, labels, *weights))
    if part.augmented is not None:
        data = data.map(_one_view)
    if mixup:

        def mix(x: tf.Tensor, y: tf.Tensor, *weights: tf.Tensor) -> tuple[tf.Tensor, ...]:
            rows = tf.shape(x)[0]
            one, two = (tf.random.gamma([rows], mixup) for _ in range(2))
            share = tf.math.divide_no_nan(one, one + two)
            order = _partners(y) if mixup_within_genre else tf.random.shuffle(tf.range(rows))
            wide = tf.reshape(share, tf.concat([[rows], tf.ones(tf.rank(x) - 1, tf.int32)], 0))
            mixed = wide * x + (1 - wide) * tf.gather(x, order)
            if not weights:
                return mixed, share[:, None] * y + (1 - share[:, None]) * tf.gather(y, order)
            # The loss is linear in the label: each of the two rows enters it with its own weight.
            own, other = share * weights[0], (1 - share) * tf.gather(weights[0], order)
            both = own + other
            return mixed, (own / both)[:, None] * y + (other / both)[:, None] * tf.gather(y, order), both

        data = data.map(mix)
    for axis, most in ((-2, mask_frames), (-1, mask_channels)):
        if most:
            data = data.map(_masking(axis, most=most))
    return data.prefetch(2).with_options(options)


def _reading(part: Part, *beside: tf.Tensor | np.ndarray) -> Any:
    """Read the rows at some places, and take what stands beside them."""

    def read(places: np.ndarray) -> np.ndarray:
        views = [x[places] for x in part.arrays]
        return views[0] if part.augmented is None else np.stack(views, axis=1)

    shape = part.x.shape[1:] if part.augmented is None else (len(part.arrays), *part.x.shape[1:])

    def rows(places: tf.Tensor) -> tuple[tf.Tensor, ...]:
        x = tf.numpy_function(read, [places], tf.float32, stateful=False)
        return tf.ensure_shape(x, (None, *shape)), *(tf.gather(each, places) for each in beside)

    return rows


def _one_view(x: tf.Tensor, *rest: tf.Tensor) -> tuple[tf.Tensor, ...]:
    drawn = tf.random.uniform([tf.shape(x)[0]], 0, tf.shape(x)[1], tf.int32)
    return tf.gather(x, drawn, axis=1, batch_dims=1), *rest


def _partners(y: tf.Tensor) -> tf.Tensor:
    """Draw for each row one of its batch that has its label, perhaps itself."""
    same = tf.matmul(y, y, transpose_b=True) > 0
    return tf.argmax(tf.where(same, tf.random.uniform(tf.shape(same)), -1.0), axis=1)


def _masking(axis: int, *, most: int) -> Any:
    def mask(x: tf.Tensor, *rest: tf.Tensor) -> tuple[tf.Tensor, ...]:
        rows, size = tf.shape(x)[0], tf.shape(x)[axis]
        shape = [rows, *[1] * (x.shape.rank - 1)]
        shape[axis] = size
        width = tf.random.uniform([rows, 1], 0, tf.minimum(most, size - 1) + 1, tf.int32)
        first = tf.random.uniform([rows, 1], 0, tf.maximum(size - most, 0) + 1, tf.int32)
        place = tf.range(size)[None]
        kept = tf.cast((place < first) | (place >= first + width), x.dtype)
        return x * tf.reshape(kept, shape), *rest

    return mask
