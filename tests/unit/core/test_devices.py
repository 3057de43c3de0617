"""GPUs, of which this machine may have none: the driver's program, and TensorFlow's devices, are made up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.core import devices
from components.core.devices import Gpu


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> Iterator[None]:
    devices.gpus.cache_clear()
    devices.warn.cache_clear()
    devices.find.cache_clear()
    yield
    devices.gpus.cache_clear()
    devices.warn.cache_clear()
    devices.find.cache_clear()


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the driver's program prints."""
    program, printed = tmp_path / "nvidia-smi", tmp_path / "printed"
    program.write_text(f"#!/bin/sh\ncat {printed}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv(devices.VISIBLE, raising=False)
    printed.write_text("NVIDIA H100 80GB HBM3, 81559\nNVIDIA GB10, [N/A]\n")
    return printed


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the GPUs that TensorFlow sees."""
    import tensorflow as tf

    names: list[str] = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: names if kind == "GPU" else [])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: {"device_name": gpu})
    return names


def test_the_driver_s_processors_are_listed_with_their_memory(driver):
    assert devices.gpus() == (Gpu("NVIDIA H100 80GB HBM3", 81559), Gpu("NVIDIA GB10", 0))


@pytest.mark.parametrize("value", ["", "-1"])
def test_hidden_ones_are_not(driver, monkeypatch, value):
    monkeypatch.setenv(devices.VISIBLE, value)
    assert devices.gpus() == ()


def test_a_driver_that_fails_has_none(driver):
    driver.unlink()
    assert devices.gpus() == tuple(Gpu(str(path), 0) for path in sorted(Path("/dev").glob("nvidia[0-9]*")))


@pytest.mark.parametrize(("memory", "stages"), [("81559", 2), ("6144", 1), ("2048", 1), ("[N/A]", 2)])
def test_no_more_stages_than_fit_into_its_memory(driver, monkeypatch, memory, stages):
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    driver.write_text(f"NVIDIA, {memory}\n")
    assert devices.stages_at_once(most=2) == stages


def test_one_that_tensorflow_does_not_see_is_warned_of_once(driver, seen, capsys):
    devices.warn()
    devices.warn()
    assert devices.used().startswith("CPU: ")
    (line,) = capsys.readouterr().err.splitlines()
    assert "NVIDIA H100 80GB HBM3" in line
    assert "requirements-gpu.lock" in line


def test_one_that_it_sees_is_named_and_not_warned_of(driver, seen, capsys):
    seen.append("NVIDIA H100 80GB HBM3")
    devices.warn()
    assert devices.used() == "GPU: NVIDIA H100 80GB HBM3"
    assert capsys.readouterr().err == ""


def test_without_one_nothing_is_said_and_batches_stay(monkeypatch, seen, capsys):
    monkeypatch.setenv(devices.VISIBLE, "-1")
    devices.warn()
    assert capsys.readouterr().err == ""


def test_memory_is_shared_unless_a_person_chose_otherwise(monkeypatch):
    monkeypatch.delenv(devices.GROWTH, raising=False)
    devices.share_memory()
    assert os.environ[devices.GROWTH] == "true"
    monkeypatch.setenv(devices.GROWTH, "false")
    devices.share_memory()
    assert os.environ[devices.GROWTH] == "false"


def test_a_fit_on_a_second_logical_device_is_equal_bit_for_bit():
    """What a GPU would be: another device of TensorFlow's, here a second one of the CPU."""
    code = """
import numpy as np, tensorflow as tf
from components.training import fit
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
def weights(device):
    fit.seed_everything(20)
    rows = np.random.default_rng(0)
    x, y = rows.normal(size=(64, 8)).astype("float32"), np.eye(3, dtype="float32")[rows.integers(3, size=64)]
    with tf.device(device):
        model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(3, "softmax")])
        model.compile("adam", "categorical_crossentropy", jit_compile=False)
        model.fit(x, y, epochs=2, batch_size=12, verbose=0)
    return model.get_weights()
assert len(tf.config.list_logical_devices("CPU")) == 2
first, second = weights("CPU:0"), weights("CPU:1")
assert all((a == b).all() for a, b in zip(first, second, strict=True))
"""
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=True)


def test_gpus_are_looked_for_once_and_without_tensorflow_s_lines(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(devices, "seen", lambda: calls.append(os.write(2, b"failed call to cuInit\n")))
    devices.find()
    devices.find()
    assert len(calls) == 1
    assert capfd.readouterr().err == ""
