"""Figures: any length, every genre and model named, failures drawn, the same in SVG and PNG."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from components.core import palette
from components.reporting import figures, svg


def inline(drawn) -> str:
    return svg.inline(drawn, label="a figure")


@pytest.mark.parametrize("epochs", [1, 2, 40])
def test_learning_curves_of_any_length(epochs):
    history = pd.DataFrame({"epoch": np.arange(1, epochs + 1)})
    for column in ("loss", "accuracy", "val_loss", "val_accuracy"):
        history[column] = np.linspace(0.2, 0.9, epochs)
    text = inline(figures.learning(history))
    assert f">{20 if epochs == 1 else 90} %<" in text and ">validation<" in text


def test_a_failed_trial_is_a_cross():
    text = inline(figures.best_so_far(pd.DataFrame({"score": [0.5, np.nan, 0.6]}), colour=palette.model(0)))
    assert "trial 2: failed" in text and ">60.0 %<" in text


@pytest.mark.parametrize(("size", "named"), [(2, True), (24, True), (100, False)])
def test_a_confusion_matrix_names_genres_where_they_can_be_read(size, named):
    genres = [f"genre <{n}>" for n in range(size)]
    counts = pd.DataFrame(np.eye(size, dtype=int), index=genres, columns=genres)
    counts.iloc[0, 1] = 3
    text = inline(figures.confusion(counts))
    assert "genre &lt;0&gt; predicted as genre &lt;1&gt;: 3 of 4" in text
    assert (">genre &lt;1&gt;</text>" in text) is named


@pytest.mark.parametrize(("most", "scale"), [(2.0, "linear"), (500.0, "log")])
def test_costs_that_differ_tenfold_are_on_a_logarithmic_axis(most, scale):
    drawn = figures.cost(
        {"a": (0.5, 0.4, 0.6), "b": (0.7, 0.6, 0.8)},
        values={"a": 1.0, "b": most},
        colours={"a": palette.model(0), "b": palette.model(8)},
        title="seconds",
    )
    assert drawn.axes[0].get_xscale() == scale
    text = inline(drawn)
    assert "a: 50.0 % (40 to 60), seconds 1" in text
    assert "var(--m1)" in text and "var(--m2)" not in text


def test_a_figure_keeps_its_look_as_png():
    table = pd.DataFrame({"confidence": [0.5, 0.9], "accuracy": [0.4, 1.0], "count": [3, 9]})
    drawn = figures.reliability(table, colour=palette.model(0))
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png", dpi=144)
    assert buffer.getvalue().startswith(b"\x89PNG")
    assert "9 segments: confidence 90 %, accuracy 100 %" in inline(drawn)
