"""A Prefect server that asks for a password: without it, one line that names the variable, and nothing is run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.test_workflow import BIN, workspace
from tests.support.servers import PASSWORD, Prefect

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Prefect]:
    made = Prefect(tmp_path / "prefect")
    made.start({"PREFECT_SERVER_API_AUTH_STRING": f"admin:{PASSWORD}"})
    yield made
    made.stop()


@pytest.mark.parametrize("given", [f"admin:{PASSWORD}-wrong", ""])
def test_a_password_that_is_wrong_or_missing_is_one_line(server: Prefect, tmp_path: Path, given: str) -> None:
    folder = workspace(tmp_path / "workspace")
    own = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "PREFECT_"))}
    own |= {"PATH": f"{BIN}{os.pathsep}{own['PATH']}", "PREFECT_API_URL": server.api}
    own |= {"PREFECT_API_AUTH_STRING": given} if given else {}
    done = subprocess.run(["genre", "run"], cwd=folder, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "refuses PREFECT_API_AUTH_STRING" in done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert not (folder / "data" / "corpus").exists()
