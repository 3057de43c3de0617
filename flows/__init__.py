"""Flows: when and where the workflow runs. Prefect lives in this package only, and a task runs one DVC stage.

From a command to a stage: ``cli``, ``runner``, ``experiment``, ``orchestration.session``, ``orchestration.stage_task``,
``pipeline.stage``; the process is DVC's, under ``process.supervisor``.

Importing the package sets what Prefect and the stages read from the environment: telemetry off, a start-up limit that
two busy cores can meet, and a home of the project's own. A variable that is already set wins. ``root`` is everywhere
the project's root, the folder of ``dvc.yaml``.
"""

from __future__ import annotations

import os
from pathlib import Path

#: Defaults of the environment. The start-up limit of Prefect's temporary server (seconds) is 20 in Prefect
#: 3.8; first creation of its database alone takes 10 s on two busy cores.
ENVIRONMENT = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_CLI_COLORS": "false",
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}

if Path("dvc.yaml").exists():
    # In the project, Prefect's database and profiles are the project's own.
    ENVIRONMENT["PREFECT_HOME"] = str(Path(".prefect").resolve())

for _name, _value in ENVIRONMENT.items():
    os.environ.setdefault(_name, _value)
