"""Batches that a model is fitted on, shuffled, mixed and masked on their way."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from components.training.dataset import Part


def batches(
    part: Part,
    *,
    classes: int,
    batch_size: int,
    shuffle: bool,
    mixup: float = 0.0,
    mask_frames: int = 0,
    mask_channels: int = 0,
) -> tf.data.Dataset:
    """Feed a part in batches.

    Parameters
    ----------
    part : Part
        The rows.
    classes : int
        Number of genres, the length of each one-hot label.
    batch_size : int
        Rows a batch.
    shuffle : bool
        Draw the rows in a new order each epoch.
    mixup : float
        Parameter alpha of mixup (H. Zhang et al., ICLR 2018); 0 leaves rows as they are.
    mask_frames, mask_channels : int
        Of a sequence, set so many neighbouring frames and channels at most to 0 in each row, drawn anew each
        time (SpecAugment: D. Park et al., Interspeech 2019); 0 leaves rows as they are.

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
    data = tf.data.Dataset.from_tensor_slices((part.x, labels, *weights))
    if shuffle:
        data = data.shuffle(len(part.y), reshuffle_each_iteration=True)
    data = data.batch(batch_size)
    if mixup:

        def mix(x: tf.Tensor, y: tf.Tensor, *weights: tf.Tensor) -> tuple[tf.Tensor, ...]:
            rows = tf.shape(x)[0]
            one, two = (tf.random.gamma([rows], mixup) for _ in range(2))
            share = tf.math.divide_no_nan(one, one + two)
            order = tf.random.shuffle(tf.range(rows))
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


def _masking(axis: int, *, most: int) -> Any:
    def mask(x: tf.Tensor, *rest: tf.Tensor) -> tuple[tf.Tensor, ...]:
        rows, size = tf.shape(x)[0], tf.shape(x)[axis]
        shape = [rows, *[1] * (x.shape.rank - 1)]
        shape[axis] = size
        width = tf.random.uniform([rows, 1], 0, most + 1, tf.int32)
        first = tf.random.uniform([rows, 1], 0, tf.maximum(size - most, 0) + 1, tf.int32)
        place = tf.range(size)[None]
        kept = tf.cast((place < first) | (place >= first + width), x.dtype)
        return x * tf.reshape(kept, shape), *rest

    return mask
