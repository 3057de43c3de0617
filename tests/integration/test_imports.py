"""What a room needs at import: training runs on features, and so without any audio library."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import PROJECT

CODE = """
import importlib, pkgutil, sys
for name in ("soundfile", "librosa", "soxr", "audioread"):
    sys.modules[name] = None  # an import of it fails
import components.training
from components.stages import train, tune
for module in pkgutil.iter_modules(components.training.__path__):
    importlib.import_module(f"components.training.{module.name}")
"""


def test_training_is_importable_without_audio_libraries() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
