"""Pictures of one training run, for MLflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_curves(history: pd.DataFrame, *, title: str) -> Figure:
    """Draw loss and accuracy of train and validation over the epochs.

    Parameters
    ----------
    history : DataFrame
        From :func:`components.fitting.fit`.
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
