"""Where a person reads what a flow run has made: addresses of pages and of runs in MLflow, for artifacts."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

#: The pages of a project below ``data``, by what they are.
PAGES = {"Report": "report/index.html", "Data Docs": "docs/index.html"}
#: Of ``genre mlflow-ui``, where no server is named.
LOCAL_MLFLOW = "http://127.0.0.1:5000"


def page(path: str, *, root: Path, served: str) -> str:
    """Name a page in Markdown: a link where ``data`` is served, else the file and its machine.

    A link to a file would not open: browsers follow none from a page of a server.

    Parameters
    ----------
    path : str
        Below ``data``.
    root : Path
        The project's root.
    served : str
        ``GENRE_PAGES``.
    """
    if served:
        return f"[data/{path}]({served.rstrip('/')}/{quote(path)})"
    return f"`{root / 'data' / path}` on {platform.node()}"


def markdown(runs: Mapping[str, tuple[str, str]], *, root: Path, served: str) -> str:
    """List the pages that are there, and each model's run in MLflow.

    Parameters
    ----------
    runs : mapping of str to tuple of str
        By model, the ids of experiment and run.
    root, served
        As of :func:`page`.
    """
    server = os.environ.get("MLFLOW_TRACKING_URI", "")
    named = server.startswith(("http://", "https://"))
    lines = ["# Results", ""]
    for title, path in PAGES.items():
        if (root / "data" / path).is_file():
            lines.append(f"- {title}: {page(path, root=root, served=served)}")
    base = _without_password(server).rstrip("/") if named else LOCAL_MLFLOW
    lines += [
        f"- {model} in MLflow: [{run[:8]}]({base}/#/experiments/{experiment}/runs/{run})"
        for model, (experiment, run) in runs.items()
    ]
    if runs and not named:
        lines += ["", "Runs open while `genre mlflow-ui` runs in the project."]
    if not served:
        lines += ["", "`GENRE_PAGES` makes links of the files: the address under which `data` is served."]
    return "\n".join(lines) + "\n"


def _without_password(address: str) -> str:
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
