"""What every test may ask for: quiet libraries, params of the demo, and a small project already extracted."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")

import numpy as np
import pandas as pd
import pytest
import yaml

from components import presets
from components.params import Params, parse
from tests.small_project import build_small_project

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def demo_params() -> Params:
    """The preset the repo ships with."""
    return parse(presets.compose("demo"))


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Real audio, pictures, tables and weights."""
    if "GENRE_TEST_DATA" not in os.environ:
        pytest.skip("GENRE_TEST_DATA is not set: no real audio, pictures or weights here")
    return Path(os.environ["GENRE_TEST_DATA"])


def small() -> Params:
    """Return the demo's params with the smallest budgets and the MLP alone."""
    document = yaml.safe_load(presets.compose("demo"))
    document["models"] = {"mlp": document["models"]["mlp"]}
    document["tuning"] |= {"max_trials": 2, "executions_per_trial": 2, "epochs": 2}
    document["training"] |= {"epochs": 6, "patience": 3}
    return parse(yaml.safe_dump(document))


@pytest.fixture
def small_params() -> Params:
    """As :func:`small`."""
    return small()


@pytest.fixture
def small_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a corpus listing, a split and one feature of three genres that can be told apart."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    build_small_project(tmp_path / "data", seed=0)
    return tmp_path / "data"


@pytest.fixture
def tracks() -> pd.DataFrame:
    """Sixty usable tracks of three genres, four segments each."""
    rng = np.random.default_rng(0)
    names = [f"{genre}.{number:05d}" for genre in ("blues", "jazz", "rock") for number in range(20)]
    return pd.DataFrame(
        {
            "track": names,
            "genre": [name.split(".")[0] for name in names],
            "segments": 4,
            "sha256": [rng.bytes(8).hex() for _ in names],
        }
    )
