"""An experiment of DVC's (``dvc exp run``): its name, and the project that it belongs to.

``--temp`` and ``--queue`` run in a copy of the project below its ``.dvc/tmp/exps``, made of what Git and DVC keep and
removed at the end. What is to outlast it, such as its runs in MLflow, belongs into the project itself.
"""

from __future__ import annotations

import os
from pathlib import Path

#: Set by DVC for the commands of an experiment's stages: ``dvc.env``.
NAME, BASELINE = "DVC_EXP_NAME", "DVC_EXP_BASELINE_REV"
#: Where the copies lie below a project.
COPIES = (".dvc", "tmp", "exps")


def tags() -> dict[str, str]:
    """Return the name of the experiment that this process runs for, and the commit it began with, as tags of a run."""
    known = {"dvc.experiment": os.environ.get(NAME), "dvc.baseline": os.environ.get(BASELINE)}
    return {key: value for key, value in known.items() if value}


def project(here: Path) -> Path:
    """Return the project that a folder is, or is a copy of.

    Parameters
    ----------
    here : Path
        An absolute path: where a stage runs.

    Examples
    --------
    >>> str(project(Path("/music/.dvc/tmp/exps/standalone/tmpa1b2")))
    '/music'
    >>> str(project(Path("/music")))
    '/music'
    """
    parts = here.parts
    for place in range(len(parts) - len(COPIES), 0, -1):
        if parts[place : place + len(COPIES)] == COPIES:
            return Path(*parts[:place])
    return here
