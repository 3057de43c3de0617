"""Networks exported to LiteRT.

An export is packaged only where it gives the probabilities of the Keras network it was made from; else Keras runs it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from components.core.console import quiet
from components.core.litert import Graph

if TYPE_CHECKING:
    import keras

#: Rows that an exported network takes at once. A fixed number, since LSTM layers convert with no open one; and so a
#: row's probabilities do not depend on how many others it comes with.
ROWS = 16
#: Largest difference of a probability from that of the Keras network. Float32 sums in another order differ by 2e-6.
TOLERANCE = 1e-5
#: Characters of either end of a converter's error.
SHOWN = 120


class LiteNetwork:
    """An exported network.

    Parameters
    ----------
    path : Path
        The file that :func:`export` wrote.

    Raises
    ------
    RegistryError
        If it cannot be loaded.
    """

    def __init__(self, path: Path) -> None:
        self._graph = Graph(path)

    def predict_on_batch(self, x: np.ndarray) -> np.ndarray:
        """Predict rows.

        Parameters
        ----------
        x : ndarray, shape (rows, ...)
            Rows of a feature.

        Returns
        -------
        ndarray of float32, shape (rows, genres)
            Probabilities.
        """
        found = []
        filled = np.zeros(self._graph.shape, dtype=np.float32)
        for first in range(0, len(x), ROWS):
            some = x[first : first + ROWS]
            filled[: len(some)] = some
            found.append(self._graph(filled)[: len(some)])
        return np.concatenate(found)


def export(network: keras.Model, *, rows: np.ndarray, to: Path) -> str:
    """Export a network, and compare it with the network it was made from.

    Parameters
    ----------
    network : keras.Model
        A trained network.
    rows : ndarray, shape (rows, ...)
        Real rows, which both predict.
    to : Path
        The file to write, ``.tflite``.

    Returns
    -------
    str
        ``''`` where every probability is within :data:`TOLERANCE`; else the reason, in one line, and no file is left.
    """
    try:
        with quiet():  # the converter's own lines are for its developers
            to.write_bytes(_converted(network, shape=rows.shape[1:]))
            found = LiteNetwork(to).predict_on_batch(rows)
    except Exception as error:  # noqa: BLE001 - a converter meets every operation of every network in its own way
        reason = f"it cannot be converted: {line(error)}"
    else:
        difference = float(np.abs(found - network.predict_on_batch(rows)).max())
        if difference <= TOLERANCE:
            return ""
        reason = too_far(difference)
    to.unlink(missing_ok=True)
    return reason


def _converted(network: keras.Model, *, shape: tuple[int, ...]) -> bytes:
    import tensorflow as tf

    # Weights as constants of the graph. Keras' own export writes and reads a saved model of variables on the way,
    # which takes twice as long.
    trained, others = (
        [weight.numpy() for weight in weights]
        for weights in (network.trainable_variables, network.non_trainable_variables)
    )

    @tf.function(input_signature=[tf.TensorSpec((ROWS, *shape), tf.float32)])
    def run(x: tf.Tensor) -> tf.Tensor:
        return network.stateless_call(trained, others, x, training=False)[0]

    return bytes(
        tf.lite.TFLiteConverter.from_concrete_functions([run.get_concrete_function()], run).convert()
    )


def too_far(difference: float) -> str:
    """Say that probabilities differ by more than :data:`TOLERANCE`."""
    return f"its probabilities differ by up to {difference:.1e}, more than {TOLERANCE:.0e}"


def line(error: Exception) -> str:
    """Put an error into one line: its beginning and its end, which name the operation and the reason."""
    text = " ".join(str(error).split())
    short = text if len(text) <= 2 * SHOWN else f"{text[:SHOWN]} … {text[-SHOWN:]}"
    return f"{type(error).__name__}: {short}"
