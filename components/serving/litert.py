"""Networks exported to LiteRT, the runtime of TensorFlow Lite: it starts in a fraction of a second, TensorFlow in four.

An export is packaged only where it gives the probabilities of the Keras network it was made from; else Keras runs it.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from components.core.console import quiet
from components.core.errors import RegistryError

if TYPE_CHECKING:
    import keras

#: Rows that an exported network takes at once. A fixed number, since LSTM layers convert with no open one; and so a
#: row's probabilities do not depend on how many others it comes with.
ROWS = 16
#: Largest difference of a probability from that of the Keras network. Float32 sums in another order differ by 2e-6.
TOLERANCE = 1e-5


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
        from ai_edge_litert.interpreter import Interpreter

        try:
            # One thread: sums in one order, however many processors there are.
            self._interpreter = Interpreter(str(path), num_threads=1)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise RegistryError(f"{path} cannot be loaded by LiteRT: {_line(error)}") from error
        (given,), (made,) = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        self._input, self._output = given["index"], made["index"]
        self._shape = tuple(int(size) for size in given["shape"])
        # An interpreter has one set of tensors, and the page predicts in threads.
        self._lock = threading.Lock()

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
        filled = np.zeros(self._shape, dtype=np.float32)
        with self._lock:
            for first in range(0, len(x), ROWS):
                some = x[first : first + ROWS]
                filled[: len(some)] = some
                self._interpreter.set_tensor(self._input, filled)
                self._interpreter.invoke()
                found.append(self._interpreter.get_tensor(self._output)[: len(some)])
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
    import keras

    try:
        signature = [keras.InputSpec(shape=(ROWS, *rows.shape[1:]), dtype="float32")]
        with quiet():  # the converter's own lines are for its developers
            network.export(to, format="litert", input_signature=signature, verbose=False)
            found = LiteNetwork(to).predict_on_batch(rows)
    except Exception as error:  # noqa: BLE001 - a converter meets every operation of every network in its own way
        reason = f"it cannot be converted: {_line(error)}"
    else:
        difference = float(np.abs(found - network.predict_on_batch(rows)).max())
        if difference <= TOLERANCE:
            return ""
        reason = f"its probabilities differ by up to {difference:.1e}, more than {TOLERANCE:.0e}"
    to.unlink(missing_ok=True)
    return reason


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
