"""Reliability: how often a model that says 80 % is right, as a table and as one number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from components import votes

#: Equal-width bins of confidence; Guo et al. ("On Calibration of Modern Neural Networks", 2017) use 10 in
#: their reliability diagrams.
BINS = 10


def reliability(predictions: pd.DataFrame, *, genres: Sequence[str], bins: int = BINS) -> pd.DataFrame:
    """Group predictions by confidence and count how many of each group are right.

    Parameters
    ----------
    predictions : DataFrame
        One row a segment (or a song).
    genres : sequence of str
        Label order.
    bins : int
        Number of equal-width bins between 0 and 1.

    Returns
    -------
    DataFrame
        One row a bin that has rows: ``low``, ``high`` (its ends; the upper one belongs to it), ``count``,
        ``confidence`` (mean of the highest probabilities, 0 to 1), ``accuracy`` (share that is right).
    """
    values = votes.probabilities(predictions, genres=genres)
    confidence = values.max(axis=1)
    right = values.argmax(axis=1) == votes.labels(predictions["genre"], genres=genres)
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    rows = pd.DataFrame({"bin": place, "confidence": confidence, "accuracy": right})
    table = rows.groupby("bin").agg(
        count=("bin", "size"), confidence=("confidence", "mean"), accuracy=("accuracy", "mean")
    )
    table.insert(0, "low", table.index / bins)
    table.insert(1, "high", (table.index + 1) / bins)
    return table.reset_index(drop=True)


def expected_error(table: pd.DataFrame) -> float:
    """Return the expected calibration error: mean distance of confidence from accuracy, weighted by count.

    Parameters
    ----------
    table : DataFrame
        What :func:`reliability` returns.

    Returns
    -------
    float
        Within 0 (calibrated) and 1.
    """
    gaps = (table["accuracy"] - table["confidence"]).abs()
    return float((gaps * table["count"]).sum() / table["count"].sum())
