"""Where a person reads what a flow run has made: addresses of pages and of runs in MLflow, for artifacts."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from components.tracking import pages

#: The pages of a project below ``data``, by what they are.
PAGES = {"Report": "report/index.html", "Data Docs": "docs/index.html"}


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
    lines = ["# Results", ""]
    for title, path in PAGES.items():
        if (root / "data" / path).is_file():
            lines.append(f"- {title}: {page(path, root=root, served=served)}")
    lines += [
        f"- {model} in MLflow: [{run[:8]}]({pages.run(experiment, run)})"
        for model, (experiment, run) in runs.items()
    ]
    if runs and not pages.server():
        lines += ["", "Runs open while `genre mlflow-ui` runs in the project."]
    if not served:
        lines += ["", "`GENRE_PAGES` makes links of the files: the address under which `data` is served."]
    return "\n".join(lines) + "\n"
