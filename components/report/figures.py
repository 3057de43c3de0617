"""Pictures of the finished models: how sure they are, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from components.report import svg

#: Costs that differ by this factor or more are drawn on a logarithmic axis.
TENFOLD = 10.0
#: Radius of a model's point, in pixels.
POINT = 5.0


def reliability(table: pd.DataFrame, *, name: str, model: str) -> Markup:
    """Draw how often a model is right against how sure it says it is.

    Parameters
    ----------
    table : DataFrame
        What :func:`components.calibration.reliability` returns.
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
