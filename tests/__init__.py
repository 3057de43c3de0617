"""Surroundings of every test, set before its libraries are imported: nothing is sent anywhere, little is printed."""

import os
import tempfile

os.environ |= {
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
# The project's own home is not the tests'. conftest.py removes it.
os.environ["PREFECT_HOME"] = PREFECT_HOME = tempfile.mkdtemp(prefix="genre-prefect-")
