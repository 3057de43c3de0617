"""Fixtures of all tests: quiet libraries, params of the demo, and a small project already extracted."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import absl.logging
import numpy as np
import pandas as pd
import pytest
import yaml

from components.config import presets
from components.config.params import Params, parse
from components.registry import promote
from components.reporting import comparison
from components.serving import packaging
from components.stages import compare, train, tune
from components.tracking import store
from flows.pipeline.graph import Graph
from tests import PREFECT_HOME
from tests.support.small_project import build_small_project

PROJECT = Path(__file__).parents[1]

# TensorFlow's log writes to what sys.stderr was when it was imported: in tests a file of pytest's. Prefect's import
# closes all handlers of logging, and this one would close that file with it.
absl.logging.get_absl_handler().python_handler.setStream(sys.__stderr__)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let slow tests hang for an hour before they fail: whole flows, on a machine that may be busy with others."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(3600))


def pytest_unconfigure() -> None:
    """Remove what this process kept for Prefect; a worker of pytest-xdist ends without its exit handlers."""
    shutil.rmtree(PREFECT_HOME, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _new_stores_are_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make MLflow's database, some fifty migrations, once; each further new store is a copy."""
    make, first = store._make, tmp_path_factory.mktemp("store") / "mlflow.db"

    @functools.wraps(make)
    def copy(database: Path) -> None:
        if not first.exists():
            make(first)
        shutil.copy(first, database)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_make", copy)
        # No test writes to the store of whoever starts the tests.
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield


@pytest.fixture(autouse=True)
def _each_test_has_its_store() -> Iterator[None]:
    """Put back MLflow's address, and the environment variable that MLflow sets with it."""
    before, variable = _mlflow_address(), os.environ.get("MLFLOW_TRACKING_URI")
    yield
    if _mlflow_address() != before:
        import mlflow

        mlflow.set_tracking_uri(before)
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    if variable is not None:
        os.environ["MLFLOW_TRACKING_URI"] = variable


def _mlflow_address() -> str | None:
    """Return what was set: where nothing was, ``mlflow.get_tracking_uri`` makes up a file in the working directory."""
    module = sys.modules.get("mlflow.tracking._tracking_service.utils")
    return module and module._tracking_uri


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left_in_the_repository() -> Iterator[None]:
    """A new file where the project keeps its own is of a test that forgot to change its working directory."""
    before = _own_files()
    yield
    left = sorted(path.relative_to(PROJECT).as_posix() for path in _own_files() - before)
    assert not left


def _own_files() -> set[Path]:
    """Return what lies in the root and in the folders that a run writes to; the tools' caches have a dot."""
    folders = (PROJECT, PROJECT / "data", PROJECT / "mlruns")
    return {path for folder in folders for path in folder.iterdir() if not path.name.startswith(".")}


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
    document["tuning"] |= {"max_trials": 1, "executions_per_trial": 2, "epochs": 2}
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
            "sound_sha256": "",
            "recording": "",
            "seconds": 30.0,
            "artist": "",
        }
    )


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose MLP is tuned and trained, to be copied."""
    root = tmp_path_factory.mktemp("trained") / "data"
    build_small_project(root, seed=0, spread=2.5)
    params = small()
    tune.run("mlp", params=params, root=root)
    train.run("mlp", params=params, root=root)
    return root


@pytest.fixture(scope="session")
def five_models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, comparison.Comparison]:
    """The data folder of five made-up models, one with an untrained encoder, and their comparison."""
    from tests.support import finished_project

    root = finished_project.build(tmp_path_factory.mktemp("five") / "data", untrained=("vgg16",), trials=3)
    return root, compare.run(params=finished_project.params(), root=root)


@pytest.fixture
def trained(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the trained project, the MLP marked best; the store is its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copytree(template, tmp_path / "data")
    monkeypatch.setattr(comparison, "best", lambda **_: "mlp")
    return tmp_path / "data"


@pytest.fixture
def passing_smoke_test(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A smoke test that always passes; each URI is noted."""
    uris: list[str] = []

    def passes(uri: str, *, genres: list[str]) -> promote.Criterion:
        uris.append(uri)
        return promote.Criterion("loads and predicts", True, "predicted")

    monkeypatch.setattr(promote, "smoke_test", passes)
    return uris


def light_model(run_id: str, *, record: object, root: Path) -> None:
    """Log the model's file alone."""
    import mlflow

    from tests.support.small_model import Constant

    with packaging.open_run(run_id):
        mlflow.pyfunc.log_model(name="model", python_model=str(Constant), pip_requirements=["mlflow"])


@pytest.fixture
def light_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """As :func:`light_model`, where a test does not load it as audio model."""
    monkeypatch.setattr(packaging, "log", light_model)


@pytest.fixture
def two_models() -> Graph:
    """A graph of two models on two features, all of it stale."""
    upstream = {
        "corpus": (),
        "features@f": ("corpus",),
        "validate@f": ("features@f",),
        "features@g": ("corpus",),
        "validate@g": ("features@g",),
        "tune@a": ("validate@f",),
        "train@a": ("tune@a",),
        "tune@b": ("validate@g",),
        "train@b": ("tune@b",),
        "compare": ("train@a", "train@b"),
    }
    return Graph(order=tuple(upstream), upstream=upstream, changed={"corpus": "changed deps: raw.txt"})
