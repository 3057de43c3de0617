"""Aggregation of a model's predictions, one row a segment, to one a song: the mean of the probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from components.core.errors import PredictionsError
from components.evaluation import clusters

if TYPE_CHECKING:
    import pandas as pd

#: What a predictions table has beside one ``probability.<genre>`` a genre.
COLUMNS = ("part", "track", "segment", "genre", "artist", "headline", "predicted")
#: What the columns of probabilities begin with; the genre follows.
PREFIX = "probability."
#: How far a row's probabilities may sum from 1: ten float32 softmax values lose about 1e-6.
SUM_TOLERANCE = 1e-3


def table(rows: pd.DataFrame, *, values: NDArray[np.floating], genres: Sequence[str]) -> pd.DataFrame:
    """Make a predictions table from probabilities.

    Parameters
    ----------
    rows : DataFrame
        One row a segment (or a track): the columns of :data:`COLUMNS` but ``predicted``; others are left out.
    values : ndarray of float, shape (rows, genres)
        Probabilities.
    genres : sequence of str
        Label order.

    Returns
    -------
    DataFrame
        The columns of :data:`COLUMNS` and one ``probability.<genre>`` a genre; ``predicted`` has the highest
        probability, of equal ones the first in label order.
    """
    import pandas as pd

    named = rows.assign(predicted=np.array(genres, dtype=object)[values.argmax(axis=1)])
    wide = pd.DataFrame(values, columns=[PREFIX + genre for genre in genres], index=rows.index)
    return pd.concat([named[list(COLUMNS)], wide], axis=1)


def check(predictions: pd.DataFrame, *, genres: Sequence[str] | None = None) -> list[str]:
    """Refuse a table that cannot be a model's predictions.

    Parameters
    ----------
    predictions : DataFrame
        One row a segment (or a track): the columns of :data:`COLUMNS` and one ``probability.<genre>`` a genre.
    genres : sequence of str, optional
        The genres that must be there; by default those that have a column.

    Returns
    -------
    list of str
        The genres, in label order.

    Raises
    ------
    PredictionsError
        If a column is missing, the table is empty, a row's genre is not among the genres, a probability is
        not finite or below 0, a row does not sum to 1, or one track has two genres.
    """
    held = [column.removeprefix(PREFIX) for column in predictions.columns if column.startswith(PREFIX)]
    names = list(genres) if genres is not None else held
    missing = [column for column in COLUMNS if column not in predictions.columns]
    missing += [PREFIX + name for name in names if name not in held]
    if missing or not names:
        lacks = ", ".join(missing) or f"{PREFIX}<genre>"
        raise PredictionsError(f"predictions lack {lacks}; they have {', '.join(predictions.columns)}")
    if predictions.empty:
        raise PredictionsError("predictions have no rows; valid: one a segment of validation and test")
    unknown = sorted(set(predictions["genre"]) - set(names))
    if unknown:
        raise PredictionsError(f"predictions hold genre {unknown[0]!r}; valid: {', '.join(names)}")
    values = probabilities(predictions, genres=names)
    if not np.isfinite(values).all() or (values < 0).any():
        raise PredictionsError("predictions hold a probability that is not finite or below 0")
    worst = float(np.abs(values.sum(axis=1) - 1.0).max())
    if worst > SUM_TOLERANCE:
        raise PredictionsError(f"probabilities of a row sum to 1 within {worst:.3g}; valid: {SUM_TOLERANCE}")
    counts = predictions.groupby("track")["genre"].nunique()
    if (counts > 1).any():
        raise PredictionsError(f"track {counts.idxmax()!r} has {counts.max()} genres; valid: one")
    return names


def probabilities(predictions: pd.DataFrame, *, genres: Sequence[str]) -> NDArray[np.float64]:
    """Return the probabilities as an array.

    Parameters
    ----------
    predictions : DataFrame
        With columns ``probability.<genre>``.
    genres : sequence of str
        Which, and in what order.

    Returns
    -------
    ndarray of float, shape (rows, genres)
        Within 0 and 1.
    """
    return predictions[[PREFIX + name for name in genres]].to_numpy(dtype=np.float64)


def labels(column: pd.Series, *, genres: Sequence[str]) -> NDArray[np.int64]:
    """Return a column of genre names as positions in ``genres``.

    Parameters
    ----------
    column : Series of str
        Genre names.
    genres : sequence of str
        The label order.

    Returns
    -------
    ndarray of int, shape (rows,)
        Each within 0 and ``len(genres) - 1``; -1 for a name that is not there.
    """
    import pandas as pd

    # Codes, not strings: pandas 3 keeps text in Arrow arrays, which scikit-learn cannot index.
    return pd.Index(list(genres)).get_indexer(pd.Index(column.to_numpy(dtype=object)))


def songs(predictions: pd.DataFrame) -> pd.DataFrame:
    """Aggregate each song's segments: one row a song.

    Parameters
    ----------
    predictions : DataFrame
        One row a segment, as in ``data/models/<model>/predictions.parquet``; or what this function returned,
        which is returned again.

    Returns
    -------
    DataFrame
        One row a (part, track), sorted by them: ``part``, ``track``, ``segments`` (its rows),
        ``segments_correct``, ``genre``, ``predicted`` (highest mean probability; a tie goes to the first in
        label order), ``correct`` (bool), ``confidence`` (its mean probability, 0 to 1), ``given`` (mean
        probability of the true genre, 0 to 1), ``artist`` ('' where it is not known), ``headline`` (see
        :mod:`components.splits`), ``cluster`` (what it is drawn with in a bootstrap: its artist, or itself), and the
        mean ``probability.<genre>`` of each genre.

    Raises
    ------
    PredictionsError
        If the table cannot be a model's predictions.
    """
    if {"segments", "segments_correct", "correct"} <= set(predictions.columns):
        return predictions.sort_values(["part", "track"], ignore_index=True)
    names = check(predictions)
    columns = [PREFIX + name for name in names]
    hits = predictions.assign(segments_correct=predictions["predicted"] == predictions["genre"])
    grouped = hits.groupby(["part", "track"], sort=True)
    table = grouped.agg(
        segments=("segment", "size"),
        segments_correct=("segments_correct", "sum"),
        genre=("genre", "first"),
        artist=("artist", "first"),
        headline=("headline", "first"),
    )
    means = grouped[columns].mean()
    values, actual = means.to_numpy(dtype=np.float64), labels(table["genre"], genres=names)
    table["predicted"] = np.asarray(names, dtype=object)[values.argmax(axis=1)]
    table["correct"] = values.argmax(axis=1) == actual
    table["confidence"] = values.max(axis=1)
    table["given"] = values[np.arange(len(table)), actual]
    table = table.join(means).reset_index()
    table["cluster"] = clusters.of(table["track"], artists=table["artist"])
    return table
