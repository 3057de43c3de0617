"""The MLflow UI on this workspace's store: loopback only, host check left on, two processes instead of nine."""

from __future__ import annotations

import os
import subprocess
import sys

import mlflow

from components import tracking


def serve(*, port: int) -> None:
    """Run the UI until interrupted.

    Parameters
    ----------
    port : int
        On 127.0.0.1.
    """
    tracking.connect()
    print(f"MLflow UI: http://127.0.0.1:{port} (Ctrl-C stops it)", flush=True)
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", mlflow.get_tracking_uri()]
    command += ["--artifacts-destination", str((tracking.STORE / "artifacts").resolve())]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    subprocess.run(command, env=environment, check=False)
