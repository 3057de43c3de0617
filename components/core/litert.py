"""Graphs exported to LiteRT, the runtime of TensorFlow Lite, which is there at once; TensorFlow starts in seconds."""

from __future__ import annotations

from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import numpy as np

from components.core.errors import RegistryError

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter


class Graph:
    """An exported graph: one array in, one out.

    Parameters
    ----------
    path : Path
        A file in TensorFlow Lite's format.

    Attributes
    ----------
    shape : tuple of int
        Of its input; -1 for an open size.

    Raises
    ------
    RegistryError
        If it cannot be loaded.
    """

    def __init__(self, path: Path) -> None:
        # In memory: a file that is replaced while it is mapped would end the process.
        self._content = path.read_bytes()
        # An interpreter serves one thread at a time; so many are made as there are threads at once.
        self._idle: SimpleQueue[Interpreter] = SimpleQueue()
        try:
            first = self._interpreter()
        except (ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise RegistryError(f"{path} cannot be loaded by LiteRT: {reason}") from error
        self.shape = tuple(int(size) for size in first.get_input_details()[0]["shape_signature"])
        self._idle.put(first)

    def _interpreter(self) -> Interpreter:
        from ai_edge_litert.interpreter import Interpreter

        # One thread: sums in one order, however many processors there are.
        made = Interpreter(model_content=self._content, num_threads=1)
        made.allocate_tensors()
        return made

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Run the graph.

        Parameters
        ----------
        x : ndarray of float32, of :attr:`shape`
            What goes in.

        Returns
        -------
        ndarray of float32
            What comes out.
        """
        try:
            interpreter = self._idle.get_nowait()
        except Empty:
            interpreter = self._interpreter()
        try:
            (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
            if tuple(given["shape"]) != x.shape:
                interpreter.resize_tensor_input(given["index"], x.shape)
                interpreter.allocate_tensors()
            interpreter.set_tensor(given["index"], x)
            interpreter.invoke()
            return np.asarray(interpreter.get_tensor(made["index"]))
        finally:
            self._idle.put(interpreter)
