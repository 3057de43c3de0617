"""Accuracy with each genre counting alike, as a metric that Keras measures each epoch."""

from __future__ import annotations

from typing import Any

import keras

#: Its name in a fit's history, and that of validation rows.
NAME = "balanced_accuracy"
OF_VALIDATION = f"val_{NAME}"


class BalancedAccuracy(keras.metrics.Metric):
    """Mean over genres of the weighted share of their rows that are right; genres without a row are left out.

    Parameters
    ----------
    classes : int
        Number of genres.
    """

    def __init__(self, classes: int, **more: Any) -> None:
        super().__init__(name=NAME, **more)
        self.classes = classes
        self.right = self.add_weight(shape=(classes,), initializer="zeros", name="right")
        self.total = self.add_weight(shape=(classes,), initializer="zeros", name="total")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch: ``y_true`` and ``y_pred`` are of shape (rows, classes), the weights (rows,)."""
        ops = keras.ops
        actual = ops.argmax(y_true, axis=-1)
        weights = ops.ones_like(actual, dtype="float32") if sample_weight is None else sample_weight
        weights = ops.reshape(ops.cast(weights, "float32"), (-1, 1))
        counted = weights * ops.one_hot(actual, self.classes, dtype="float32")
        hits = ops.cast(ops.expand_dims(actual == ops.argmax(y_pred, axis=-1), -1), "float32")
        self.right.assign_add(ops.sum(counted * hits, axis=0))
        self.total.assign_add(ops.sum(counted, axis=0))

    def result(self) -> Any:
        """Return the mean share, 0 to 1."""
        ops = keras.ops
        known = ops.cast(self.total > 0, "float32")
        recalls = self.right / ops.maximum(self.total, keras.config.epsilon())
        return ops.sum(recalls * known) / ops.maximum(ops.sum(known), 1.0)
