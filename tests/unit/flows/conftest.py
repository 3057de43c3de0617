"""A project of toy stages, run by the real DVC, and one Prefect server for all tests beside this file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.pipeline.graph import Graph

TOY = Path(__file__).parent / "toy"


@pytest.fixture(scope="session", autouse=True)
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep Prefect out of the project's own home; set before the first import of Prefect."""
    home = tmp_path_factory.mktemp("prefect")
    before = os.environ.get("PREFECT_HOME")
    os.environ["PREFECT_HOME"] = str(home)
    yield home
    if before is None:
        del os.environ["PREFECT_HOME"]
    else:
        os.environ["PREFECT_HOME"] = before


@pytest.fixture(scope="package")
def server(prefect_home: Path) -> Iterator[None]:
    """A Prefect server with a database of its own.

    It ends with this folder's tests: its client's pings draw from Python's random numbers, in a thread, and a fit
    from a seed, in the tests that follow, would now and then begin with others.
    """
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DVC project in the working directory: corpus, two features, models ``a`` and ``b``, comparison."""
    # Kept under other names: DVC would take every dvc.yaml below the project for a part of it.
    for kept, name in {"stages.yaml": "dvc.yaml", "names.yaml": "params.yaml"}.items():
        shutil.copy(TOY / kept, tmp_path / name)
    for name in ("raw.txt", "stage.sh"):
        shutil.copy(TOY / name, tmp_path)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\nno_scm = true\nanalytics = false\n")
    monkeypatch.chdir(tmp_path)
    for name in ("CONCURRENCY", "RETRIES", "RETRY_DELAY", "WAIT"):
        monkeypatch.delenv(f"GENRE_{name}", raising=False)
    return tmp_path


@pytest.fixture
def two_models() -> Graph:
    """The toy project's graph, all of it stale."""
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
