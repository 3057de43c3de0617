"""Outputs of a network for many rows, without the tracing that Keras' ``predict`` begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

#: Rows at a time, and bytes of them: each layer's output of one batch is in memory at once.
BATCH, BYTES = 256, 1 << 24


def outputs(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Run a network as it is used, dropout off.

    Parameters
    ----------
    model : keras.Model
        With one input and one output.
    x : ndarray, shape (rows, ...)
        At least one row.

    Returns
    -------
    ndarray of float32, shape (rows, ...)
        What ``model.predict(x)`` gives.
    """
    given: np.ndarray | None = None
    batch_size = min(BATCH, max(1, BYTES // max(1, x[:1].nbytes)))
    for first in range(0, len(x), batch_size):
        rows = slice(first, first + batch_size)
        batch = np.asarray(model(x[rows], training=False))
        if given is None:
            given = np.empty((len(x), *batch.shape[1:]), dtype=batch.dtype)
        given[rows] = batch
    if given is None:
        raise ValueError(f"no rows to run model {model.name!r} on")
    return given
