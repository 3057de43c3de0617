"""Pictures of the finished models: how sure they are, and what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from components.reporting import svg

#: Costs that differ by this factor or more are drawn on a logarithmic axis.
TENFOLD = 10.0
#: Radius of a model's point, in pixels.
POINT = 5.0


def reliability(table: pd.DataFrame, *, name: str, model: str) -> Markup:
    """Draw how often a model is right against how sure it says it is.

    Parameters
    ----------
    table : DataFrame
        What :func:`components.evaluation.metrics.reliability` returns.
    name : str
        Id of the picture.
    model : str
        Whose it is.

    Returns
    -------
    Markup
        Inline SVG; a larger point stands for more segments, the diagonal for a calibrated model.
    """
    titles = {}
    with svg.style():
        figure = svg.figure(320, 250)
        axes = figure.subplots()
        axes.plot([0, 100], [0, 100], color=svg.MUTED, linewidth=1, linestyle=(0, (3, 3)))
        axes.plot(100 * table["confidence"], 100 * table["accuracy"], color=svg.OWN, linewidth=1.6, alpha=0.6)
        total = table["count"].sum()
        for row in table.itertuples():
            gid = f"bin-{row.Index}"
            x, y = 100 * float(row.confidence), 100 * float(row.accuracy)
            axes.plot([x, x], [x, y], color=svg.OWN, linewidth=1.2, alpha=0.4)
            axes.plot(
                x, y, "o", color=svg.OWN, markersize=4 + 11 * (float(row.count) / total) ** 0.5, gid=gid
            )
            titles[gid] = f"{row.count} segments: says {x:.0f} %, right {y:.0f} %"
        ticks = (0, 25, 50, 75, 100)
        axes.set(xlim=(-3, 106), ylim=(-5, 107), xticks=ticks, yticks=ticks)
        axes.set(xlabel="says, %", title="is right, %")
        return svg.inline(figure, name=name, label=f"Reliability of {model}", titles=titles)


def cost(
    models: Mapping[str, Mapping[str, Any]],
    *,
    values: Mapping[str, float],
    colours: Sequence[str],
    title: str,
    name: str,
) -> Markup:
    """Draw accuracy on test songs against a cost.

    Parameters
    ----------
    models : mapping of str to mapping
        Figures of each model, as in ``comparison.json``.
    values : mapping of str to float
        The cost of each, above 0.
    colours : sequence of str
        Colour of each model, in the order of ``models``.
    title : str
        What the cost is, with its unit.
    name : str
        Id of the picture.

    Returns
    -------
    Markup
        Inline SVG; bars are 95 % intervals.
    """
    titles = {}
    spread = max(values.values()) / min(values.values())
    with svg.style():
        figure = svg.figure(344, 260)
        axes = figure.subplots()
        axes.set(title="test songs right, %", xlabel=title, ylim=(0, 106), yticks=(0, 25, 50, 75, 100))
        _span(axes, least=min(values.values()), most=max(values.values()), logarithmic=spread >= TENFOLD)
        for place, (model, row) in enumerate(models.items()):
            x, y = values[model], 100 * row["test_songs"]
            low, high = (100 * end for end in row["test_songs_interval"])
            axes.plot([x, x], [low, high], color=colours[place], linewidth=5, alpha=0.28)
            axes.plot(x, y, "o", color=colours[place], markersize=9, gid=f"model-{place}")
            titles[f"model-{place}"] = f"{model}: {y:.1f} % ({low:.0f} to {high:.0f}), {title} {x:.3g}"
        _names(axes, {model: (values[model], 100 * row["test_songs"]) for model, row in models.items()})
        return svg.inline(figure, name=name, label=f"Accuracy against {title}", titles=titles)


def _span(axes: Any, *, least: float, most: float, logarithmic: bool) -> None:
    """Give the cost's axis its ends, with room on the right for the name of the dearest model."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    if logarithmic:
        axes.set_xscale("log")
        room = (most / least) ** 0.45
        axes.set_xlim(least / room**0.3, most * room)
        axes.xaxis.set_major_locator(
            LogLocator(subs=(1.0,) if most / least > 300 else (1.0, 3.0), numticks=8)
        )
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_xlim(0, most * 1.35)
        axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _names(axes: Any, points: Mapping[str, tuple[float, float]]) -> None:
    """Write each name where it covers no other: the first free one of six places around its point."""
    # Constrained layout settles only when the figure is drawn; before that no text has its place.
    axes.figure.draw_without_rendering()
    taken = [axes.transData.transform(point) for point in points.values()]
    boxes: list[Any] = []
    for model, point in points.items():
        for side, rise in ((9, 4), (9, -12), (-9, 4), (-9, -12), (9, 18), (9, -26)):
            text = axes.annotate(
                model,
                point,
                xytext=(side, rise),
                textcoords="offset points",
                ha="left" if side > 0 else "right",
                size=10.5,
                color=svg.INK,
            )
            box = text.get_window_extent()
            free = not any(box.overlaps(other) for other in boxes) and not any(
                box.padded(POINT).contains(x, y) for x, y in taken
            )
            if free:
                break
            text.remove()
        else:
            # All six are taken: covering another name is better than naming no point.
            axes.annotate(model, point, xytext=(9, 4), textcoords="offset points", size=10.5, color=svg.INK)
        boxes.append(box)


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


def learning_curves(history: pd.DataFrame, *, title: str) -> Figure:
    """Draw loss and accuracy of train and validation over the epochs.

    Parameters
    ----------
    history : DataFrame
        From :func:`components.training.fit.fit`.
    title : str
        Heading.

    Returns
    -------
    Figure
        Two panels, the best epoch marked.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    figure.suptitle(title)
    best = history.loc[history["val_accuracy"].idxmax(), "epoch"]
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        axes.plot(history["epoch"], history[name], label="train")
        axes.plot(history["epoch"], history[f"val_{name}"], label="validation")
        axes.axvline(best, color="grey", linewidth=0.8, linestyle=":")
        axes.set(xlabel="epoch", ylabel=name)
        axes.legend(frameon=False)
    return figure


def confusion(predictions: pd.DataFrame, *, genres: list[str], part: str, title: str) -> Figure:
    """Draw the confusion matrix over segments.

    Parameters
    ----------
    predictions : DataFrame
        A model's predictions.
    genres : list of str
        Label order.
    part : str
        ``validation`` or ``test``.
    title : str
        Heading.

    Returns
    -------
    Figure
        Rows are actual genres and sum to 1; cells carry counts.
    """
    from matplotlib.figure import Figure
    from sklearn.metrics import ConfusionMatrixDisplay

    rows = predictions[predictions["part"] == part]
    side = max(4.0, 0.6 * len(genres))
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    ConfusionMatrixDisplay.from_predictions(
        rows["genre"].to_numpy(dtype=object),
        rows["predicted"].to_numpy(dtype=object),
        labels=genres,
        xticks_rotation="vertical",
        cmap="Blues",
        colorbar=False,
        ax=axes,
    )
    axes.set_title(f"{title}, {part} segments")
    return figure
