"""MLflow's server goes away, while a run is logged and while models are trained, and comes back: nothing is lost."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components import tracking
from components.config.params import Params
from components.core.errors import StoreError
from components.serving import packaging
from tests.faults import kill_sweep
from tests.faults.kill_sweep import printed, start
from tests.faults.left_behind import state
from tests.faults.test_crashes import until
from tests.faults.test_store_faults import seen
from tests.integration.test_workflow import workspace
from tests.support.servers import MLflow

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MLflow]:
    made = MLflow(tmp_path / "server")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", made.address)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    made.start()
    yield made
    made.stop()


@pytest.mark.usefixtures("light_models")
def test_a_server_that_goes_away_while_a_run_is_logged_loses_nothing(
    trained: Path, small_params: Params, server: MLflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    mlflow.set_tracking_uri(server.address)
    log = packaging.log

    def going_away(*given: Any, **options: Any) -> None:
        server.stop()
        log(*given, **options)

    monkeypatch.setattr(packaging, "log", going_away)
    with pytest.raises(StoreError, match=rf"{server.address} failed"):
        packaging.ensure_logged("mlp", root=trained)
    monkeypatch.setattr(packaging, "log", log)
    server.start()
    run = packaging.ensure_logged("mlp", root=trained)
    assert seen() == {"mlp": "FINISHED"}
    assert tracking.connect().get_run(run).data.tags["genre.host"] == platform.node()
    assert packaging.ensure_logged("mlp", root=trained) == run


def test_a_server_that_goes_away_while_models_are_trained_has_every_run_once_it_is_back(
    tmp_path: Path, server: MLflow
) -> None:
    folder = workspace(tmp_path / "workspace")
    (folder / "mlruns").symlink_to(server.folder)
    variables = {"MLFLOW_TRACKING_URI": server.address, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    process = start(folder, **variables, GENRE_VERBOSE="1")
    until(process, folder, lambda: "epoch 2 of" in printed(folder))
    server.stop()
    assert process.wait(timeout=1800) == 1, printed(folder)[-3000:]
    assert f"MLFLOW_TRACKING_URI is {server.address}, where no server answers" in printed(folder)
    assert "the same command goes on from there" in printed(folder)
    assert "Traceback" not in printed(folder)
    server.start()
    kill_sweep.finish(folder, **variables)
    assert "stages are up to date" in printed(folder), "no stage ran again"
    after = state(folder)
    assert after.runs == {"genre FINISHED": 2, "genre-tuning FINISHED": 8}
    assert (after.versions, after.champion != "none") == (1, True)
