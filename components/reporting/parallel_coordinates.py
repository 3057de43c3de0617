"""Trials of a search: parallel coordinates, and how much each hyperparameter matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from components.config.search_space import Boolean, FloatRange, IntRange
from components.core.palette import LIGHT
from components.reporting.svg import HOVER, figure, styled

#: Pixels; a narrower window scrolls.
WIDTH = 1040
#: Below so many scored trials any order of importance is chance.
FEWEST_TRIALS = 10
TREES = 200


def place(values: pd.Series, *, space: Any) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Scale one hyperparameter's value in each trial to its search space.

    Parameters
    ----------
    values : Series
        One value a trial.
    space : Hyperparameter
        Its search space.

    Returns
    -------
    heights : ndarray of float, shape (trials,)
        0 to 1 within the search space; NaN for a value that is not in it.
    ticks : dict of str to float
        Height by text.
    """
    if isinstance(space, IntRange | FloatRange):
        scale = np.log if space.sampling == "log" else np.asarray
        low, high = scale(space.low), scale(space.high)
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)
        return (scale(numbers) - low) / ((high - low) or 1.0), {f"{space.low:g}": 0.0, f"{space.high:g}": 1.0}
    options = [False, True] if isinstance(space, Boolean) else space.values
    if all(isinstance(option, int | float) for option in options):
        options = sorted(options)
    steps = np.linspace(0.0, 1.0, len(options)) if len(options) > 1 else [0.5]
    ticks = {_text(option): float(step) for option, step in zip(options, steps, strict=True)}
    return values.map(_text).map(ticks).to_numpy(dtype=np.float64), ticks


def _text(value: Any) -> str:
    if (text := str(value)) in ("True", "False"):
        return "yes" if text == "True" else "no"
    try:
        return f"{float(value):g}"
    except ValueError:
        return text


@styled
def draw(trials: pd.DataFrame, *, search: Mapping[str, Any], colour: str, study: str | None) -> Figure:
    """Draw each trial as a line through its hyperparameters to its score: the better, the stronger.

    Parameters
    ----------
    trials : DataFrame
        ``trial``, ``score`` (0 to 1, NaN where it failed; one is not) and one column a hyperparameter.
    search : mapping of str to Hyperparameter
        The search space.
    colour : str
        The model's.
    study : str, optional
        The trial that ran the published best set; its line is dashed.
    """
    names = [name for name in search if name in trials]
    columns = [place(trials[name], space=search[name]) for name in names]
    scores = trials["score"].to_numpy(dtype=np.float64)
    low, high = float(np.nanmin(scores)), float(np.nanmax(scores))
    ends = {f"{100 * low:.1f} %": 0.0, f"{100 * high:.1f} %": 1.0}
    columns.append(((scores - low) / (high - low) if high > low else 0 * scores + 1, ends))
    heights = np.column_stack([column for column, _ in columns])
    at = np.arange(len(columns))
    drawn = figure(WIDTH, 250)
    axes = drawn.subplots()
    axes.axis("off")
    for x, (name, (_, ticks)) in enumerate(zip([*names, "score"], columns, strict=True)):
        axes.plot([x, x], [0, 1], color=LIGHT["line"], linewidth=2)
        # At two heights, so that long neighbours do not run together.
        axes.text(x, 1.25 if x % 2 else 1.12, name, ha="center", size=10.5)
        for text, height in ticks.items():
            axes.text(x + 0.05, height, text, va="center", size=9.5, color=LIGHT["muted"])
    best = int(np.nanargmax(scores))
    # A few faint lines would not be visible, many strong ones would be one blot.
    faintest = min(0.45, 0.16 + 2 / len(trials))
    # The best is drawn last, over the others.
    for row in np.argsort(np.nan_to_num(scores, nan=-1.0), kind="stable"):
        failed = np.isnan(scores[row])
        values = ", ".join(f"{name} {_text(trials[name].iloc[row])}" for name in names)
        axes.plot(
            at,
            heights[row],
            color=LIGHT["bad"] if failed else colour,
            linewidth=3.2 if row == best else 1.4,
            alpha=1.0 if row == best else faintest + (0.0 if failed else 0.4 * heights[row, -1]),
            linestyle=(0, (4, 2)) if trials["trial"].iloc[row] == study else "-",
            gid=f"{HOVER}trial {row + 1}: {'failed' if failed else f'{100 * scores[row]:.1f} %'}; {values}",
        )
    axes.set(xlim=(-0.45, len(at) - 0.35), ylim=(-0.13, 1.36))
    return drawn


@dataclass(frozen=True)
class Importance:
    """Mean decrease of impurity by hyperparameter (largest first; they sum to 1), and what to know about it."""

    shares: dict[str, float]
    reason: str


def importance(trials: pd.DataFrame, *, search: Mapping[str, Any], seed: int) -> Importance:
    """Fit a random forest from hyperparameters to scores and read its importances.

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
        Without shares below :data:`FEWEST_TRIALS` trials and where all scores are equal; with a warning where the
        forest explains nothing of the trials that a tree was not fitted on.
    """
    from sklearn.ensemble import RandomForestRegressor

    scored = trials[trials["score"].notna()]
    scores = scored["score"].to_numpy(dtype=np.float64)
    if len(scored) < FEWEST_TRIALS:
        return Importance({}, f"Importance needs {FEWEST_TRIALS} scored trials; there are {len(scored)}.")
    if np.ptp(scores) == 0.0:
        return Importance({}, "All trials have the same score, so nothing made a difference.")
    names = [name for name in search if name in scored]
    values = np.column_stack([place(scored[name], space=search[name])[0] for name in names])
    forest = RandomForestRegressor(TREES, oob_score=True, random_state=seed, n_jobs=1)
    forest.fit(np.nan_to_num(values, nan=-1.0), scores)
    shares = pd.Series(forest.feature_importances_, index=names).sort_values(ascending=False, kind="stable")
    reason = (
        f"They explain {forest.oob_score_:.0%} of the scores of trials not used for a tree."
        if forest.oob_score_ > 0.0
        else "They do not explain the scores of trials not used for a tree: with so few trials, read little into it."
    )
    return Importance(shares.to_dict(), reason)
