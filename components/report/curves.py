"""Pictures of what happened over time: the epochs of a fit, the trials of a search."""

from __future__ import annotations

import numpy as np
import pandas as pd
from markupsafe import Markup

from components.report import svg


def learning(history: pd.DataFrame, *, name: str, model: str) -> Markup:
    """Draw accuracy and loss of train and validation over the epochs.

    Parameters
    ----------
    history : DataFrame
        One row an epoch: ``epoch``, ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``.
    name : str
        Id of the picture.
    model : str
        Whose curves they are.

    Returns
    -------
    Markup
        Inline SVG; validation in the model's colour, its best epoch marked.
    """
    with svg.style():
        figure = svg.figure(344, 270)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        best = history["val_accuracy"].idxmax()
        for axes, metric, scale in ((above, "accuracy", 100.0), (below, "loss", 1.0)):
            # A single epoch is a point, not a line.
            marker = "o" if len(history) == 1 else None
            axes.plot(
                history["epoch"],
                scale * history[metric],
                color=svg.MUTED,
                linewidth=1.3,
                marker=marker,
                alpha=0.9,
            )
            axes.plot(
                history["epoch"],
                scale * history[f"val_{metric}"],
                color=svg.OWN,
                linewidth=2.4,
                marker=marker,
            )
            axes.axvline(history["epoch"][best], color=svg.MUTED, linewidth=1, linestyle=(0, (1, 3)))
        height = 100 * history["val_accuracy"][best]
        above.plot(history["epoch"][best], height, "o", color=svg.OWN, markersize=7)
        above.annotate(
            f"{height:.0f} %",
            (history["epoch"][best], height),
            xytext=(0, -15),
            textcoords="offset points",
            ha="center",
            weight="bold",
        )
        above.set(title="accuracy of segments, %", ylim=(0, 104), yticks=(0, 25, 50, 75, 100))
        below.set(title="loss", ylim=(0, None), xlabel="epoch")
        below.locator_params(axis="x", integer=True, nbins=7)
        below.locator_params(axis="y", nbins=4)
        return svg.inline(figure, name=name, label=f"Learning curves of {model}")


def best_so_far(trials: pd.DataFrame, *, name: str, model: str) -> Markup:
    """Draw each trial's score and the best up to it.

    Parameters
    ----------
    trials : DataFrame
        ``trial`` and ``score`` (0 to 1; NaN where a trial failed), in the order they were run.
    name : str
        Id of the picture.
    model : str
        Whose search it was.

    Returns
    -------
    Markup
        Inline SVG; a failed trial is a cross at the foot.
    """
    scores = 100 * trials["score"].to_numpy(dtype=np.float64)
    number = np.arange(1, len(scores) + 1)
    failed = np.isnan(scores)
    best = np.fmax.accumulate(scores)
    titles = {}
    with svg.style():
        figure = svg.figure(344, 210)
        axes = figure.subplots()
        axes.step(number, best, where="post", color=svg.OWN, linewidth=2.4)
        low = max(0.0, float(np.nanmin(scores)) - 8)
        for place, score in zip(number, scores, strict=True):
            gid = f"trial-{place}"
            failure = np.isnan(score)
            axes.plot(
                place,
                low + 1 if failure else score,
                "x" if failure else "o",
                color=svg.BAD if failure else svg.OWN,
                markersize=6,
                markerfacecolor=svg.OWN,
                markeredgewidth=1.5,
                alpha=1 if failure else 0.75,
                gid=gid,
            )
            titles[gid] = f"trial {place}: {'failed' if failure else f'{score:.1f} %'}"
        top = int(np.nanargmax(scores))
        axes.annotate(
            f"{scores[top]:.1f} %",
            (number[top], scores[top]),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            weight="bold",
        )
        axes.set(title="validation accuracy, %", xlabel="trial", ylim=(low, min(108.0, scores[top] + 9)))
        axes.set_xlim(0.5, max(len(scores), 2) + 0.5)
        axes.locator_params(axis="x", integer=True, nbins=8)
        axes.locator_params(axis="y", nbins=5)
        label = f"Best score so far of {model} over {len(scores)} trials, {int(failed.sum())} of them failed"
        return svg.inline(figure, name=name, label=label, titles=titles)
