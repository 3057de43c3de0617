"""Addresses of MLflow's pages, for links: without name and password, and of the pages for training."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from components.tracking import store

#: Where ``genre mlflow-ui`` opens.
LOCAL = "http://127.0.0.1:5000"
#: Opens MLflow's pages for model training; without it, it shows those for language models until a person turns
#: the switch in its upper left corner.
TRAINING = "?workflowType=machine_learning"


def server() -> str:
    """Return the address of the server that ``MLFLOW_TRACKING_URI`` names; '' where it names none."""
    address = store.uri()
    if not address.startswith(("http://", "https://")):
        return ""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))


def run(experiment_id: str, run_id: str) -> str:
    """Return the address of a run: at the server, where one is named, else where ``genre mlflow-ui`` opens."""
    return f"{server() or LOCAL}/#/experiments/{experiment_id}/runs/{run_id}{TRAINING}"
