"""Models of the study against each other, on the songs that both were asked with songs kept whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from components import grouping
from components.study.results import Outcome


def compared(outcomes: Mapping[str, Outcome], *, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Compare models two by two on the songs that both were asked, songs whole (``track``, all folds).

    Parameters
    ----------
    outcomes : mapping of str to Outcome
        All.
    seed : int
        Of the bootstrap.

    Returns
    -------
    dict of str to list of dict
        By source: as :func:`components.grouping.pairs`, for the rows of the main table that hear the same
        source.
    """
    families: dict[str, dict[str, pd.DataFrame]] = {}
    for name, outcome in outcomes.items():
        if outcome.declared["group"] == "model" and "track" in outcome.figures:
            families.setdefault(outcome.declared["source"], {})[name] = whole_songs(outcome)
    return {
        source: grouping.pairs(family, part="test", seed=seed)
        for source, family in families.items()
        if len(family) > 1
    }


def whole_songs(outcome: Outcome) -> pd.DataFrame:
    """Return an outcome's test rows under ``track``: each song is in the test part of one fold."""
    return outcome.predictions[outcome.predictions["protocol"] == "track"]
