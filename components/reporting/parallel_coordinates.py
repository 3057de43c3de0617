"""Parallel coordinates: each trial of a search as a line through its hyperparameters to its score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from components.config.params import Boolean, Choice, FloatRange, IntRange
from components.reporting import svg

#: Pixels between two axes; names stand at two heights, so that long neighbours do not run together.
SPACING = 84
WIDEST = 1060


def searched(trials: pd.DataFrame, *, search: Mapping[str, Any]) -> list[str]:
    """Name the hyperparameters that were searched and that the trials hold.

    Parameters
    ----------
    trials : DataFrame
        One row a trial.
    search : mapping of str to Hyperparameter
        The search space.

    Returns
    -------
    list of str
        In the order of the search space.
    """
    return [name for name in search if name in trials]


def place(values: pd.Series, *, space: Any) -> tuple[NDArray[np.float64], list[tuple[float, str]]]:
    """Place values on an axis from 0 to 1.

    Parameters
    ----------
    values : Series
        One hyperparameter's value in each trial.
    space : Hyperparameter
        Its search space.

    Returns
    -------
    heights : ndarray of float, shape (trials,)
        0 to 1 within the search space; NaN for a value that is not in it.
    ticks : list of tuple
        Height and text of each tick.
    """
    if isinstance(space, IntRange | FloatRange):
        ends = np.array([space.low, space.high], dtype=np.float64)
        heights = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)
        if space.sampling == "log":
            ends, heights = np.log(ends), np.log(heights)
        width = ends[1] - ends[0] or 1.0
        return (heights - ends[0]) / width, [(0.0, f"{space.low:g}"), (1.0, f"{space.high:g}")]
    names = ["no", "yes"] if isinstance(space, Boolean) else [_text(value) for value in _values(space)]
    written = values.map(_text)
    if isinstance(space, Boolean):
        written = written.map({"True": "yes", "False": "no"})
    steps = np.linspace(0.0, 1.0, len(names)) if len(names) > 1 else np.array([0.5])
    table = dict(zip(names, steps, strict=True))
    heights = written.map(table).to_numpy(dtype=np.float64)
    return heights, [(float(step), name) for name, step in table.items()]


def _values(space: Choice) -> list[Any]:
    numbers = all(isinstance(value, int | float) for value in space.values)
    return sorted(space.values) if numbers else list(space.values)


def _text(value: Any) -> str:
    if isinstance(value, str):
        try:
            return f"{float(value):g}"
        except ValueError:
            return value
    return str(bool(value)) if isinstance(value, bool | np.bool_) else f"{value:g}"


def draw(
    trials: pd.DataFrame, *, search: Mapping[str, Any], name: str, model: str, study: str | None
) -> Markup:
    """Draw the trials of a search.

    Parameters
    ----------
    trials : DataFrame
        ``trial``, ``score`` (0 to 1, NaN where it failed) and one column a hyperparameter.
    search : mapping of str to Hyperparameter
        The search space.
    name : str
        Id of the picture.
    model : str
        Whose search it was.
    study : str, optional
        The trial that ran the published best set; its line is dashed.

    Returns
    -------
    Markup
        Inline SVG: the better a trial, the stronger its line; the best in the model's colour.
    """
    names = searched(trials, search=search)
    axes_at = np.arange(len(names) + 1)
    columns = [place(trials[column], space=search[column]) for column in names]
    scores = trials["score"].to_numpy(dtype=np.float64)
    low, high = float(np.nanmin(scores)), float(np.nanmax(scores))
    columns.append(
        (
            (scores - low) / (high - low) if high > low else np.where(np.isnan(scores), np.nan, 1.0),
            [(0.0, f"{100 * low:.1f} %"), (1.0, f"{100 * high:.1f} %")]
            if high > low
            else [(1.0, f"{100 * high:.1f} %")],
        )
    )
    heights = np.column_stack([column for column, _ in columns])
    titles = {}
    with svg.style():
        figure = svg.figure(min(WIDEST, max(600, SPACING * len(axes_at) + 60)), 250)
        axes = figure.subplots()
        axes.axis("off")
        _axes(axes, names=[*names, "score"], ticks=[ticks for _, ticks in columns])
        best = int(np.nanargmax(scores))
        # A few faint lines would not be seen, many strong ones would be one blot.
        faintest = min(0.45, 0.16 + 2 / len(trials))
        # The best is drawn last, over the others.
        for row in [*np.argsort(np.nan_to_num(scores, nan=-1.0), kind="stable")]:
            failed, top = np.isnan(scores[row]), row == best
            strength = 0.0 if failed else heights[row, -1]
            gid = f"line-{row}"
            axes.plot(
                axes_at,
                heights[row],
                color=svg.BAD if failed else svg.OWN,
                linewidth=3.2 if top else 1.4,
                alpha=1.0 if top else faintest + 0.4 * strength,
                linestyle=(0, (4, 2)) if trials["trial"].iloc[row] == study else "-",
                gid=gid,
            )
            values = ", ".join(f"{column} {_text(trials[column].iloc[row])}" for column in names)
            outcome = "failed" if failed else f"{100 * scores[row]:.1f} %"
            titles[gid] = f"trial {row + 1}: {outcome}; {values}"
        axes.set(xlim=(-0.45, len(axes_at) - 0.35), ylim=(-0.13, 1.36))
        label = f"The {len(trials)} trials of {model} through {len(names)} hyperparameters to their scores"
        return svg.inline(figure, name=name, label=label, titles=titles, scroll=True)


def _axes(axes: Any, *, names: Sequence[str], ticks: Sequence[list[tuple[float, str]]]) -> None:
    for at, (name, marks) in enumerate(zip(names, ticks, strict=True)):
        axes.plot([at, at], [0, 1], color=svg.LINE, linewidth=2)
        raised = 0.13 if at % 2 else 0.0
        axes.text(at, 1.12 + raised, name, ha="center", size=10.5, color=svg.INK)
        for height, text in marks:
            axes.text(at + 0.05, height, text, va="center", size=9.5, color=svg.MUTED)


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
    names = searched(scored, search=search)
    values = np.column_stack([place(scored[name], space=search[name])[0] for name in names])
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
