"""Graphs of LiteRT: as many rows as there are, in as many threads as there are; a damaged file is named."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from components.core.errors import RegistryError
from components.core.litert import Graph


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """Three numbers a row, doubled."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32)])
    def double(x: tf.Tensor) -> tf.Tensor:
        return 2.0 * x

    path = tmp_path_factory.mktemp("graph") / "double.tflite"
    path.write_bytes(
        tf.lite.TFLiteConverter.from_concrete_functions([double.get_concrete_function()], double).convert()
    )
    return Graph(path)


def numbers(rows: int) -> np.ndarray:
    return np.random.default_rng(rows).normal(size=(rows, 3)).astype(np.float32)


@pytest.mark.parametrize("rows", [1, 7, 2])
def test_any_number_of_rows(graph: Graph, rows: int) -> None:
    assert graph.shape == (-1, 3)
    np.testing.assert_array_equal(graph(numbers(rows)), 2 * numbers(rows))


def test_threads_do_not_mix_their_rows(graph: Graph) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda rows: graph(numbers(rows)), range(1, 60)))
    for rows, values in enumerate(found, start=1):
        np.testing.assert_array_equal(values, 2 * numbers(rows))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "mlp.tflite").write_bytes(b"no network")
    with pytest.raises(RegistryError, match=r"mlp\.tflite cannot be loaded by LiteRT"):
        Graph(tmp_path / "mlp.tflite")
