"""Which hyperparameters a search's scores depend on: a forest's importances, where there are trials enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from components.report import parallel

#: Below so many scored trials any order of importance is chance.
FEWEST_TRIALS = 10
TREES = 200


@dataclass(frozen=True)
class Importance:
    """What a search's scores depend on.

    Attributes
    ----------
    shares : dict of str to float
        Importance of each hyperparameter, largest first; they sum to 1. Empty where ``reason`` says why.
    reason : str
        What to know about the shares; '' where there is nothing.
    """

    shares: dict[str, float]
    reason: str


def measure(trials: pd.DataFrame, *, search: Mapping[str, Any], seed: int) -> Importance:
    """Fit a random forest from hyperparameters to scores and read off what it splits on.

    Parameters
    ----------
    trials : DataFrame
        ``score`` and one column a hyperparameter; trials without a score are left out.
    search : mapping of str to Hyperparameter
        The search space.
    seed : int
        Seed of the forest.

    Returns
    -------
    Importance
        Mean decrease of impurity, with a warning where the forest explains nothing it has not seen.
    """
    scored = trials[trials["score"].notna()]
    if len(scored) < FEWEST_TRIALS:
        return Importance({}, f"Importance needs {FEWEST_TRIALS} scored trials; there are {len(scored)}.")
    names = parallel.searched(scored, search=search)
    values = np.column_stack([parallel.place(scored[name], space=search[name])[0] for name in names])
    if np.ptp(scored["score"].to_numpy(dtype=np.float64)) == 0.0:
        return Importance({}, "All trials have the same score, so nothing made a difference.")
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(TREES, oob_score=True, random_state=seed, n_jobs=1)
    forest.fit(np.nan_to_num(values, nan=-1.0), scored["score"].to_numpy(dtype=np.float64))
    # Each look at this attribute asks every tree again.
    weights = forest.feature_importances_
    shares = {names[place]: float(weights[place]) for place in np.argsort(-weights, kind="stable")}
    if forest.oob_score_ > 0.0:
        return Importance(shares, f"They explain {forest.oob_score_:.0%} of the scores of trials not seen.")
    return Importance(
        shares, "They do not explain the scores of trials not seen: with so few trials, read little into it."
    )
