"""More trials for a model's search: checked, written to ``params.yaml``, and run by DVC."""

from __future__ import annotations

import subprocess
import sys

from components.config import params
from components.config import trials as budget
from components.core import console
from components.tracking import store


def add(trials: int, *, model: str) -> int:
    """Run a model's search with more trials than it has; return DVC's exit status.

    Parameters
    ----------
    trials : int
        What its tuner is to propose, in all.
    model : str
        A model of ``params.yaml``.

    Raises
    ------
    ParamsError
        If no trial would be added, or there are fewer sets to try; nothing is written then.
    StoreError
        If the store of runs cannot be used.
    """
    store.check_address()
    searched = params.load().model(model)
    oracle = console.imported("components.training.oracle")
    oracle.check_more(searched, trials=trials)
    budget.raise_to(trials, model=model)
    return subprocess.run([sys.executable, "-m", "dvc", "repro", f"tune@{model}"]).returncode
