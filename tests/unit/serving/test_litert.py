"""Exports give the probabilities of the Keras networks they are made from, or are not packaged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from components import models
from components.config import presets
from components.config.params import parse
from components.results import calibration
from components.serving import litert

if TYPE_CHECKING:
    import keras

PARAMS = parse(presets.compose("gtzan"))
#: The demo's six networks; then those of several views, windows and attention.
NETWORKS = [
    ("mlp", "study", (57,)),
    ("vgg16", "study", (64,)),
    ("yamnet", "study", (6, 1024)),
    ("lstm", "study", (65, 13)),
    ("yamnet_lstm", "study", (6, 1024)),
    ("musicnn", "best", (1003,)),
    ("mlp", "best", (57,)),
    ("vgg16", "best", (3, 64)),
    ("yamnet", "best", (3, 6, 1024)),
    ("yamnet_lstm", "attention", (3, 6, 1024)),
    ("lstm", "best", (20, 13)),
]


def build(model: str, variant: str, shape: tuple[int, ...]) -> keras.Model:
    """Build a network with the first trial's hyperparameters, standardised as if it was fitted."""
    block = PARAMS.models[model]
    chosen = block.variants[variant]
    built = models.load(block.network, build=chosen.build)(
        {**chosen.fixed, **chosen.start}, input_shape=shape, classes=5
    )
    for layer in built.layers:
        if layer.name == "standardise":
            sizes = [size or 3 for size in layer.input.shape[1:]]
            layer.adapt(np.random.default_rng(0).normal(0.5, 2.0, (64, *sizes)))
    return built


def rows(shape: tuple[int, ...], *, count: int = 19) -> np.ndarray:
    return np.abs(np.random.default_rng(1).normal(0.0, 1.0, (count, *shape))).astype(np.float32)


@pytest.mark.parametrize(("model", "variant", "shape"), NETWORKS)
def test_an_export_gives_the_probabilities_of_its_network(
    tmp_path: Path, model: str, variant: str, shape: tuple[int, ...]
) -> None:
    network = calibration.calibrated(build(model, variant, shape), 1.7)
    given = rows(shape)
    assert not litert.export(network, rows=given, to=tmp_path / "network.tflite")
    found = litert.LiteNetwork(tmp_path / "network.tflite").predict_on_batch(given)
    assert found.shape == (19, 5)
    np.testing.assert_allclose(found, network.predict_on_batch(given), rtol=0, atol=litert.TOLERANCE)
    assert np.ptp(found, axis=0).max() > 1e-3, "rows differ, or nothing was compared"


@pytest.fixture
def mlp() -> keras.Model:
    return build("mlp", "study", (57,))


def test_a_row_is_predicted_alike_whatever_comes_with_it(tmp_path: Path, mlp: keras.Model) -> None:
    litert.export(mlp, rows=rows((57,)), to=tmp_path / "mlp.tflite")
    exported = litert.LiteNetwork(tmp_path / "mlp.tflite")
    many = rows((57,), count=40)
    one_by_one = np.concatenate([exported.predict_on_batch(row[np.newaxis]) for row in many])
    np.testing.assert_array_equal(exported.predict_on_batch(many), one_by_one)


def test_an_export_of_other_probabilities_is_not_kept(
    tmp_path: Path, mlp: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(litert, "TOLERANCE", -1.0)
    assert "differ by up to" in litert.export(mlp, rows=rows((57,)), to=tmp_path / "mlp.tflite")
    assert not list(tmp_path.iterdir())


def test_a_network_that_is_not_converted_says_why(
    tmp_path: Path, mlp: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ValueError("no such\noperation")

    monkeypatch.setattr(mlp, "stateless_call", fails)
    reason = litert.export(mlp, rows=rows((57,)), to=tmp_path / "mlp.tflite")
    assert "it cannot be converted: ValueError" in reason and "no such operation" in reason
    assert not list(tmp_path.iterdir())
