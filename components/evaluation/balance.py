"""Unequal genres: what naming the largest one reaches, figures that count genres alike, and genres never named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from components.evaluation import aggregation, bootstrap

if TYPE_CHECKING:
    import pandas as pd

#: What :func:`measure` returns, by name.
MEASURES = (
    "balanced_accuracy",
    "balanced_accuracy_low",
    "balanced_accuracy_high",
    "macro_f1",
    "genres",
    "guessing",
    "guessing_macro_f1",
)


def measure(songs: pd.DataFrame, *, genres: Sequence[str], seed: int) -> dict[str, float]:
    """Measure songs so that each genre counts alike, and what always naming the largest genre would reach.

    Parameters
    ----------
    songs : DataFrame
        From :func:`components.evaluation.aggregation.songs`, one part, 1 or more rows.
    genres : sequence of str
        Label order.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    dict of str to float
        ``balanced_accuracy`` (mean recall of the genres that occur) with ``balanced_accuracy_low`` and ``_high``,
        ``macro_f1`` (of the genres that occur or are named), ``genres`` (how many occur), and of the constant
        prediction: ``guessing`` (its accuracy: the share of the largest genre) and ``guessing_macro_f1``. Its
        balanced accuracy is ``1 / genres``. All but the count lie within 0 and 1.
    """
    from sklearn.metrics import f1_score, recall_score

    actual = aggregation.labels(songs["genre"], genres=genres)
    predicted = aggregation.labels(songs["predicted"], genres=genres)
    present, counts = np.unique(actual, return_counts=True)
    recalls = recall_score(actual, predicted, labels=present, average=None, zero_division=0)
    low, high = bootstrap.balanced_accuracy(
        (actual == predicted).astype(np.float64), actual, seed=seed, clusters=songs["cluster"]
    )
    largest = float(counts.max() / counts.sum())
    return {
        "balanced_accuracy": float(np.mean(recalls)),
        "balanced_accuracy_low": low,
        "balanced_accuracy_high": high,
        "macro_f1": float(f1_score(actual, predicted, average="macro", zero_division=0)),
        "genres": float(len(present)),
        "guessing": largest,
        # Precision is the genre's share and recall is 1; every other genre's F1 is 0.
        "guessing_macro_f1": 2.0 * largest / (1.0 + largest) / len(present),
    }


def recalls(songs: pd.DataFrame, *, genres: Sequence[str]) -> dict[str, float]:
    """Return the share of each genre's songs that are named right, of the genres that occur."""
    hits: NDArray[np.bool_] = (songs["genre"] == songs["predicted"]).to_numpy(dtype=bool)
    actual = aggregation.labels(songs["genre"], genres=genres)
    return {genres[code]: float(hits[actual == code].mean()) for code in np.unique(actual)}


def unnamed(predictions: pd.DataFrame, *, genres: Sequence[str]) -> list[str]:
    """List the genres that a model never names, of those that occur.

    Parameters
    ----------
    predictions : DataFrame
        One row a segment (or a track), of one part or several.
    genres : sequence of str
        Label order.

    Returns
    -------
    list of str
        Genres with a song among these, and neither a song nor a segment that is predicted as one; in label order.
    """
    songs = aggregation.songs(predictions)
    named = set(predictions["predicted"]) | set(songs["predicted"])
    return [genre for genre in genres if genre not in named and (songs["genre"] == genre).any()]
