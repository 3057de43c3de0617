"""More trials for one model's search, written to ``params.yaml`` with its comments kept."""

from __future__ import annotations

import io
from pathlib import Path

from ruamel.yaml import YAML

from components.config import params as params_module
from components.config.params import Params
from components.core import atomic
from components.core.errors import ParamsError


def raise_to(trials: int, *, model: str, path: Path = Path("params.yaml")) -> Params:
    """Let a model's search have so many trials; every other model keeps its own number.

    Parameters
    ----------
    trials : int
        ``max_trials`` of the model's selected variant, more than at present.
    model : str
        A model of ``params.yaml``.
    path : Path
        The file.

    Returns
    -------
    Params
        What the file then holds.

    Raises
    ------
    ParamsError
        If there is no such model, or it has as many trials already; nothing is written then.
    """
    present = params_module.load(path)
    selected = present.model(model)
    if trials <= selected.tuning.max_trials:
        raise ParamsError(
            f"--trials is {trials}, and the search of {model!r} has {selected.tuning.max_trials}; valid: more"
        )
    yaml = YAML()
    yaml.width = 110
    document = yaml.load(path.read_text(encoding="utf-8"))
    variant = document["models"][model]["variants"][selected.variant]
    if variant.get("tuning") is None:
        # The default budget is that of other models too.
        variant["tuning"] = dict(document["tuning"])
    variant["tuning"]["max_trials"] = trials
    buffer = io.StringIO()
    yaml.dump(document, buffer)
    checked = params_module.parse(buffer.getvalue(), origin=str(path))
    with atomic.replacing(path) as made:
        made.write_text(buffer.getvalue(), encoding="utf-8")
    return checked
