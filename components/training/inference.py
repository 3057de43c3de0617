"""Outputs of a network for many rows, without the tracing that Keras' ``predict`` begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from components.training import stored_rows
from components.training.stored_rows import Rows

if TYPE_CHECKING:
    import keras

#: Rows at a time, and bytes of them: each layer's output of one batch is in memory at once.
BATCH, BYTES = 256, 1 << 24


def outputs(model: keras.Model, x: Rows) -> Rows:
    """Run a network as it is used, dropout off.

    Parameters
    ----------
    model : keras.Model
        With one input and one output.
    x : ndarray or StoredRows, shape (rows, ...)
        At least one row.

    Returns
    -------
    ndarray of float32 or StoredRows, shape (rows, ...)
        What ``model.predict(x)`` gives; on disk where ``x`` is and it does not fit into memory.

    Raises
    ------
    ValueError
        If there are no rows.
    """
    if not len(x):
        raise ValueError(f"no rows to run model {model.name!r} on")
    step = min(BATCH, max(1, BYTES // max(1, x[:1].nbytes)))
    batches = (np.asarray(model(x[first : first + step], training=False)) for first in range(0, len(x), step))
    return stored_rows.collect(batches, count=len(x), like=x)


def probabilities(model: keras.Model, x: Rows) -> np.ndarray:
    """Run a network whose outputs fit into memory whatever it is given: :func:`outputs`, as an array."""
    return stored_rows.in_memory(outputs(model, x))
