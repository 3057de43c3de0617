"""The MLflow UI on this workspace's store: loopback only, host check left on, two processes instead of nine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from types import FrameType

import mlflow
import psutil

from components import tracking
from components.core import ports
from components.core.errors import GenreError
from components.tracking import pages, view
from components.tracking.store import TRAINING, folder

#: Opens the runs' charts beside their list, arranged by the project's view.
CHARTS = f"&compareRunsMode=CHART&viewStateShareKey={view.KEY}"


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def serve(*, port: int) -> None:
    """Run the UI on a port of 127.0.0.1 until interrupted; where the store is a server, say where its own is.

    Parameters
    ----------
    port : int
        0 for one that is free.

    Raises
    ------
    GenreError
        If the port is taken, or MLflow's server fails.
    StoreError
        If the store cannot be used, or is a server that does not answer.
    """
    client = tracking.connect()
    runs = client.get_experiment_by_name(TRAINING)
    place = pages.TRAINING
    if runs:
        view.save(client, runs.experiment_id)
        place = f"/{runs.experiment_id}/runs{pages.TRAINING}{CHARTS}"
    if address := pages.server():
        print(f"MLflow UI: {address}/#/experiments{place}")
        return
    port = ports.free(port)
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--artifacts-destination", str((folder() / "artifacts").resolve())]
    command += ["--uvicorn-opts", "--log-level warning"]
    # The store is no argument: those of a process are there for every user of the machine to read, passwords too.
    environment = {**os.environ, "MLFLOW_BACKEND_STORE_URI": mlflow.get_tracking_uri()}
    environment |= {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    # Warnings of deprecation are for MLflow's developers. A variable that is set wins.
    environment.setdefault("PYTHONWARNINGS", "ignore")
    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGHUP)}
    print("MLflow's server starts", flush=True)
    # Its notices on standard output are of its defaults; what fails is on standard error. Ctrl-C in the terminal is for
    # this process alone, which ends the server: uvicorn's own end on it is a traceback.
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    status = 0
    try:
        while server.poll() is None and not ports.is_open(port):
            time.sleep(0.1)
        if server.poll() is None:
            print(f"MLflow UI: http://127.0.0.1:{port}/#/experiments{place} (Ctrl-C stops it)", flush=True)
        status = server.wait()
    except KeyboardInterrupt:
        pass  # the way to stop it
    finally:
        # MLflow leaves its worker behind when it is ended alone.
        started = psutil.Process(server.pid).children(recursive=True) if server.poll() is None else []
        for process in started:
            process.terminate()
        server.terminate()
        server.wait()
        for number, handler in before.items():
            signal.signal(number, handler)
    if status:
        raise GenreError(
            f"MLflow's server ended by itself, with exit status {status}; its lines above say why"
        )
