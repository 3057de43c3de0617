"""The MLflow UI: its address opens on the training runs, and it leaves no process behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from components import tracking
from components.core import ports
from components.tracking import ui as mlflow_ui

#: Seconds for two processes to import MLflow, and to end.
LIMIT = 120


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGHUP, 128 + signal.SIGHUP), (signal.SIGINT, 0)],
)
def test_ending_it_ends_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, status: int
) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    # As begun in a terminal, also where the tests run in the background, which ignores interrupts or hang-ups.
    code = f"""
import signal
signal.signal({number}, signal.default_int_handler if {number} == signal.SIGINT else signal.SIG_DFL)
from components.tracking import ui
ui.serve(port=0)
"""
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        start_new_session=True,
    ) as ui:
        assert ui.stdout is not None
        shown = next(line for line in ui.stdout if line.startswith("MLflow UI"))
        port = int(re.findall(r"127\.0\.0\.1:([0-9]+)/", shown)[0])
        assert ports.is_open(port)
        below = psutil.Process(ui.pid).children(recursive=True)
        # As a terminal does: each process of the group has the signal.
        os.killpg(ui.pid, number)
        try:
            assert ui.wait(timeout=LIMIT) == status
        finally:
            ui.kill()
        rest = ui.stdout.read()
    assert rest == ""  # no traceback
    assert f"MLflow UI: http://127.0.0.1:{port}/#/experiments?workflowType=machine_learning " in shown
    assert not ports.is_open(port)
    assert len(below) > 1
    assert psutil.wait_procs(below, timeout=LIMIT)[1] == []
    assert (tmp_path / tracking.STORE / "mlflow.db").exists()


def test_its_address_opens_on_the_models_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Server:
        """Opens its port, and ends when it is waited for."""

        pid = 0

        def __init__(self, command: list[str], **_: object) -> None:
            port = int(command[command.index("--port") + 1])
            self._open: socket.socket | None = socket.create_server(("127.0.0.1", port))

        def wait(self) -> int:
            if self._open:
                self._open.close()
            self._open = None
            return 0

        def poll(self) -> int | None:
            return None if self._open else 0

        def terminate(self) -> None: ...

    experiment = type("Experiment", (), {"experiment_id": "7"})
    client = type("Client", (), {"get_experiment_by_name": lambda _, __: experiment})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tracking, "connect", client)
    monkeypatch.setattr(mlflow_ui.mlflow, "get_tracking_uri", lambda: "sqlite:///mlruns/mlflow.db")
    monkeypatch.setattr(subprocess, "Popen", Server)
    saved: list[str] = []
    monkeypatch.setattr(mlflow_ui.view, "save", lambda _, experiment_id: saved.append(experiment_id))
    port = ports.free(0)
    mlflow_ui.serve(port=port)
    place = (
        f"http://127.0.0.1:{port}/#/experiments/7/runs?workflowType=machine_learning&compareRunsMode=CHART"
    )
    place += "&viewStateShareKey=models-side-by-side"
    assert saved == ["7"]
    assert place in capsys.readouterr().out
