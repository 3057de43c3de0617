"""Figures of a model's training, search, errors and costs, alike in the report and in MLflow.

Each function returns a matplotlib figure in the report's light colours, which :func:`components.reporting.svg.inline`
turns into SVG for the page. ``colour`` is the model's own, from :func:`components.core.palette.model`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullFormatter

from components.core.formatting import plural
from components.core.palette import LIGHT
from components.reporting import fonts
from components.reporting.svg import HOVER, figure, styled

PERCENT = (0, 25, 50, 75, 100)
#: Costs that differ by this factor or more are drawn on a logarithmic axis.
TENFOLD = 10.0
#: Pixels of a confusion matrix's cell: at most, where its names and its number can still be read, at least.
CELL, READABLE, SMALLEST = 25, 11, 5
#: Letters of a genre's name that fit beside a matrix.
LETTERS = 13


@styled
def learning(history: pd.DataFrame, *, colour: str = LIGHT["m1"]) -> Figure:
    """Draw accuracy and loss of train and validation over the epochs, the best epoch on validation marked.

    Parameters
    ----------
    history : DataFrame
        One row an epoch: ``epoch``, ``loss``, ``accuracy`` (0 to 1), ``val_loss``, ``val_accuracy``.
    colour : str
        Of validation.
    """
    drawn = figure(344, 270)
    above, below = drawn.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    epoch, best = history["epoch"], history.loc[history["val_accuracy"].idxmax()]
    # A single epoch is a point, not a line.
    marker = "o" if len(history) == 1 else None
    looks = {
        "train": {"color": LIGHT["muted"], "linewidth": 1.3},
        "validation": {"color": colour, "linewidth": 2.4},
    }
    for axes, metric, scale in ((above, "accuracy", 100.0), (below, "loss", 1.0)):
        for (part, look), column in zip(looks.items(), (metric, f"val_{metric}"), strict=True):
            axes.plot(epoch, scale * history[column], marker=marker, label=part, **look)
        axes.axvline(best["epoch"], color=LIGHT["muted"], linewidth=1, linestyle=(0, (1, 3)))
    height = 100 * best["val_accuracy"]
    above.plot(best["epoch"], height, "o", color=colour, markersize=7)
    _value(above, best["epoch"], height, text=f"{height:.0f} %", below=True)
    above.set(title="accuracy of segments, %", ylim=(0, 104), yticks=PERCENT)
    above.legend(loc="lower right", ncols=2, borderpad=0)
    below.set(title="loss", ylim=(0, None), xlabel="epoch")
    below.locator_params(axis="x", integer=True, nbins=7)
    below.locator_params(axis="y", nbins=4)
    return drawn


@styled
def reliability(table: pd.DataFrame, *, colour: str, unit: str = "segment") -> Figure:
    """Draw accuracy against confidence; a larger point stands for more, the diagonal for a calibrated model.

    Parameters
    ----------
    table : DataFrame
        From :func:`components.evaluation.metrics.reliability`.
    colour : str
        The model's.
    unit : str
        What a prediction is of.
    """
    drawn = figure(320, 250)
    axes = drawn.subplots()
    x, y = 100 * table["confidence"], 100 * table["accuracy"]
    axes.plot([0, 100], [0, 100], color=LIGHT["muted"], linewidth=1, linestyle=(0, (3, 3)))
    axes.plot(x, y, color=colour, linewidth=1.6, alpha=0.6)
    axes.vlines(x, x, y, color=colour, linewidth=1.2, alpha=0.4)
    sizes = 4 + 11 * np.sqrt(table["count"] / table["count"].sum())
    for confidence, accuracy, size, count in zip(x, y, sizes, table["count"], strict=True):
        hover = f"{HOVER}{plural(int(count), unit)}: confidence {confidence:.0f} %, accuracy {accuracy:.0f} %"
        axes.plot(confidence, accuracy, "o", color=colour, markersize=size, gid=hover)
    axes.set(xlim=(-3, 106), ylim=(-5, 107), xticks=PERCENT, yticks=PERCENT)
    axes.set(xlabel="confidence, %", title="accuracy, %")
    return drawn


@styled
def confusion(counts: pd.DataFrame, *, colour: str = LIGHT["m1"]) -> Figure:
    """Draw a confusion matrix; the diagonal has the model's colour, the stronger the larger its share of the row.

    Parameters
    ----------
    counts : DataFrame of int, shape (genres, genres)
        From :func:`components.evaluation.metrics.confusion`: index actual, columns predicted genres.
    colour : str
        The model's.
    """
    size = len(counts)
    cell = float(np.clip(430 / size, SMALLEST, CELL))
    readable = cell >= READABLE
    drawn = figure(cell * size + (104 if readable else 30), cell * size + (92 if readable else 30))
    axes = drawn.subplots()
    axes.add_patch(Rectangle((-0.5, -0.5), size, size, color=LIGHT["wash"]))
    songs = counts.sum(axis=1)
    for row, actual in enumerate(counts.index):
        for column, predicted in enumerate(counts.columns):
            count = int(counts.iat[row, column])
            if not count and row != column:
                continue
            # A small cell must be strong to be visible at all.
            strength = (0.12 if readable else 0.4) + 0.6 * count / max(songs.iat[row], 1) if count else 0.06
            face = colour if row == column else LIGHT["bad"]
            hover = f"{HOVER}{actual} predicted as {predicted}: {count} of {songs.iat[row]}"
            corner = (column - 0.46, row - 0.46)
            axes.add_patch(
                Rectangle(corner, 0.92, 0.92, facecolor=face, alpha=strength, linewidth=0, gid=hover)
            )
            if readable and count:
                text = axes.text(column, row, str(count), ha="center", va="center", size=min(11, cell * 0.45))
                text.set_in_layout(False)
    names = [name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…" for name in counts.index]
    places, names = (range(size), names) if readable else ([], [])
    family = fonts.families("".join(names))
    axes.set_xticks(places, names, family=family, rotation=55, ha="right", rotation_mode="anchor")
    axes.set_yticks(places, names, family=family)
    axes.tick_params(labelsize=min(10, cell * 0.42) if readable else 1, pad=1)
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), aspect="equal")
    axes.set(xlabel="predicted", ylabel="actual")
    return drawn


@styled
def cost(
    models: Mapping[str, tuple[float, float, float]],
    *,
    values: Mapping[str, float],
    colours: Mapping[str, str],
    title: str,
) -> Figure:
    """Draw accuracy on test songs, with its 95 % interval, against a cost.

    Parameters
    ----------
    models : mapping of str to tuple of float
        Accuracy, and low and high end of its interval, by model; 0 to 1.
    values : mapping of str to float
        The cost of each, above 0.
    colours : mapping of str to str
        Of each model.
    title : str
        What the cost is, with its unit.
    """
    drawn = figure(344, 290)
    axes = drawn.subplots()
    for name, (accuracy, low, high) in models.items():
        x = values[name]
        axes.plot([x, x], [100 * low, 100 * high], color=colours[name], linewidth=5, alpha=0.28)
        hover = f"{name}: {100 * accuracy:.1f} % ({100 * low:.0f} to {100 * high:.0f}), {title} {x:.3g}"
        axes.plot(x, 100 * accuracy, "o", color=colours[name], markersize=9, gid=HOVER + hover, label=name)
    axes.set(title="test songs right, %", xlabel=title, ylim=(0, 106), yticks=PERCENT)
    least, most = min(values.values()), max(values.values())
    if most / least >= TENFOLD:
        axes.set(xscale="log", xlim=(least / 1.5, most * 1.5))
        axes.xaxis.set_major_locator(
            LogLocator(subs=(1.0,) if most / least > 300 else (1.0, 3.0), numticks=8)
        )
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_xlim(0, most * 1.12)
        axes.locator_params(axis="x", nbins=6)
    axes.xaxis.set_major_formatter("{x:g}")
    drawn.legend(loc="outside lower center", ncols=3, handletextpad=0, columnspacing=1.2)
    return drawn


@styled
def best_so_far(trials: pd.DataFrame, *, colour: str) -> Figure:
    """Draw the score of each trial and the best up to it; a failed trial is a cross at the foot.

    Parameters
    ----------
    trials : DataFrame
        ``score`` (0 to 1; NaN where a trial failed), one row a trial, in the order they were run.
    colour : str
        The model's.
    """
    scores = 100 * trials["score"].to_numpy(dtype=np.float64)
    number = np.arange(1, len(scores) + 1)
    top = int(np.nanargmax(scores))
    low = max(0.0, float(np.nanmin(scores)) - 8)
    drawn = figure(344, 210)
    axes = drawn.subplots()
    axes.step(number, np.fmax.accumulate(scores), where="post", color=colour, linewidth=2.4)
    for place, score in zip(number, scores, strict=True):
        hover = f"{HOVER}trial {place}: "
        if np.isnan(score):
            axes.plot(place, low + 1, "x", color=LIGHT["bad"], markeredgewidth=1.5, gid=hover + "failed")
        else:
            axes.plot(place, score, "o", color=colour, gid=f"{hover}{score:.1f} %")
    _value(axes, number[top], scores[top], text=f"{scores[top]:.1f} %")
    axes.set(title="validation accuracy, %", xlabel="trial", ylim=(low, min(108.0, scores[top] + 9)))
    axes.set_xlim(0.5, max(len(scores), 2) + 0.5)
    axes.locator_params(axis="x", integer=True, nbins=8)
    axes.locator_params(axis="y", nbins=5)
    return drawn


def _value(axes: Axes, x: float, y: float, *, text: str, below: bool = False) -> None:
    offset = (0, -15 if below else 8)
    axes.annotate(text, (x, y), xytext=offset, textcoords="offset points", ha="center", weight="bold")
