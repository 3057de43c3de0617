"""A project of toy stages, run by the real DVC, and one Prefect server for all tests beside this file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

TOY = Path(__file__).parent / "toy"


@pytest.fixture(scope="package")
def server() -> Iterator[None]:
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
