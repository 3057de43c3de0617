"""Models of the study against each other, and with an ingredient and without, on what both were asked."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
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


def gains(outcome: Outcome, *, whole: Outcome) -> dict[str, float]:
    """Say what a whole variant scores more than the same without an ingredient, on the splits that both were asked.

    Fewer folds are run of an ablation than of the whole: other folds are other songs.

    Parameters
    ----------
    outcome : Outcome
        The ablation.
    whole : Outcome
        The variant it leaves something out of, or adds something to.

    Returns
    -------
    dict of str to float
        Difference of the mean accuracies of segments, by protocol; without those that share no fit.
    """
    found = {}
    for protocol in outcome.figures:
        theirs = _segments(whole, protocol)
        shared = {key: value for key, value in _segments(outcome, protocol).items() if key in theirs}
        if shared:
            found[protocol] = fmean(theirs[key] - value for key, value in shared.items())
    return found


def _segments(outcome: Outcome, protocol: str) -> dict[tuple[int, int], float]:
    return {
        (fit["fold"], fit["seed"]): fit["metrics"]["test.segment_accuracy"]
        for fit in outcome.chosen(protocol)
        if "failed" not in fit
    }
