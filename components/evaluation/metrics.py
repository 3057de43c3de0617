"""Accuracies with intervals over songs, F1, recall and calibration of a model's predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from components.core.errors import PredictionsError
from components.evaluation import aggregation, balance, bootstrap

if TYPE_CHECKING:
    import pandas as pd

#: Probabilities are kept this far from 0 before the logarithm: one sure mistake costs 16 nats, not infinity.
SMALLEST_PROBABILITY = 1e-7


def evaluate(predictions: pd.DataFrame, *, genres: Sequence[str], part: str, seed: int) -> dict[str, float]:
    """Measure one part of a model's predictions.

    Parameters
    ----------
    predictions : DataFrame
        One row a segment (or a track), see :func:`components.evaluation.aggregation.check`.
    genres : sequence of str
        Label order, two or more.
    part : str
        ``validation`` or ``test``.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    dict of str to float
        Flat, all finite. Over segments: ``segment_accuracy`` with ``segment_accuracy_low`` and ``_high``,
        ``log_loss`` (nats, 0 or more) and ``ece`` (expected calibration error), both of the model's own
        probabilities. Over songs, aggregated: ``song_accuracy`` with ``song_accuracy_low`` and ``_high``,
        ``top2_accuracy`` (the right genre is one of the two likeliest), ``song_ece``, ``recall.<genre>`` (left out for
        a genre with no song in the part), and all of :func:`components.evaluation.balance.measure`. Over the songs
        that headlines count (see :mod:`components.splits`), where there are any: ``headline_accuracy`` with
        ``headline_accuracy_low`` and ``_high``, and the same measures as ``headline_<measure>``. Counts:
        ``segments``, ``songs``, ``headline_songs``, ``genres``, ``clusters`` (artists where they are known). All but
        the log loss and counts are within
        0 and 1; each interval is the 95 % percentile interval of a bootstrap over clusters.

    Raises
    ------
    PredictionsError
        If the table cannot be a model's predictions, or has no row of ``part``.
    """
    names = aggregation.check(predictions, genres=genres)
    rows = _rows(predictions, part=part)
    table = aggregation.songs(rows)
    hits = table["correct"].to_numpy(dtype=np.float64)
    segments = table["segments"].to_numpy(dtype=np.float64)
    segment_hits = table["segments_correct"].to_numpy(dtype=np.float64)
    clusters, ones = table["cluster"], np.ones_like(hits)
    segment_low, segment_high = bootstrap.accuracy(segment_hits, segments, seed=seed, clusters=clusters)
    song_low, song_high = bootstrap.accuracy(hits, ones, seed=seed, clusters=clusters)
    counted = table["headline"].to_numpy(dtype=bool)
    headline = {}
    if counted.any():
        low, high = bootstrap.accuracy(hits[counted], ones[counted], seed=seed, clusters=clusters[counted])
        headline["headline_accuracy"] = float(hits[counted].mean())
        headline |= {"headline_accuracy_low": low, "headline_accuracy_high": high}
        measured = balance.measure(table[counted], genres=names, seed=seed)
        headline |= {f"headline_{key}": value for key, value in measured.items()}
    return {
        "songs": float(len(table)),
        "segments": float(len(rows)),
        "headline_songs": float(counted.sum()),
        "clusters": float(clusters.nunique()),
        "segment_accuracy": float(segment_hits.sum() / segments.sum()),
        "segment_accuracy_low": segment_low,
        "segment_accuracy_high": segment_high,
        "song_accuracy": float(hits.mean()),
        "song_accuracy_low": song_low,
        "song_accuracy_high": song_high,
        **headline,
        **balance.measure(table, genres=names, seed=seed),
        "top2_accuracy": _among_two(table, genres=names),
        "song_ece": expected_error(reliability(table, genres=names)),
        "log_loss": _log_loss(rows, genres=names),
        "ece": expected_error(reliability(rows, genres=names)),
        **{f"recall.{genre}": share for genre, share in balance.recalls(table, genres=names).items()},
    }


def headline_key(measured: Mapping[str, float]) -> str:
    """Return which accuracy of a part measures genres.

    Parameters
    ----------
    measured : mapping of str to float
        From :func:`evaluate`.

    Returns
    -------
    str
        ``headline_accuracy`` where headlines count some of the songs and leave others out, else ``song_accuracy``.
    """
    return "headline_accuracy" if _partial(measured) else "song_accuracy"


def genre_by_genre(measured: Mapping[str, float]) -> dict[str, float]:
    """Return the figures of :func:`components.evaluation.balance.measure` of the songs of :func:`headline_key`.

    Parameters
    ----------
    measured : mapping of str to float
        From :func:`evaluate`.

    Returns
    -------
    dict of str to float
        By the names that :func:`components.evaluation.balance.measure` gives them.
    """
    prefix = "headline_" if _partial(measured) else ""
    return {key: measured[prefix + key] for key in balance.MEASURES}


def _partial(measured: Mapping[str, float]) -> bool:
    return 0 < measured["headline_songs"] < measured["songs"]


def confusion(predictions: pd.DataFrame, *, genres: Sequence[str], part: str) -> pd.DataFrame:
    """Count songs by actual and predicted genre.

    Parameters
    ----------
    predictions : DataFrame
        As for :func:`evaluate`.
    genres : sequence of str
        Label order.
    part : str
        ``validation`` or ``test``.

    Returns
    -------
    DataFrame of int, shape (genres, genres)
        Index ``actual``, columns ``predicted``; sums to the number of songs.

    Raises
    ------
    PredictionsError
        If the table cannot be a model's predictions, or has no row of ``part``.
    """
    import pandas as pd

    names = aggregation.check(predictions, genres=genres)
    table = aggregation.songs(_rows(predictions, part=part))
    from sklearn.metrics import confusion_matrix

    counts = confusion_matrix(
        aggregation.labels(table["genre"], genres=names),
        aggregation.labels(table["predicted"], genres=names),
        labels=np.arange(len(names)),
    )
    return pd.DataFrame(
        counts, index=pd.Index(names, name="actual"), columns=pd.Index(names, name="predicted")
    )


def _rows(predictions: pd.DataFrame, *, part: str) -> pd.DataFrame:
    rows = predictions[predictions["part"] == part]
    if rows.empty:
        held = ", ".join(sorted(predictions["part"].unique()))
        raise PredictionsError(f"part {part!r} has no predictions; valid: {held}")
    return rows


def _among_two(songs: pd.DataFrame, *, genres: Sequence[str]) -> float:
    values = aggregation.probabilities(songs, genres=genres)
    likeliest = np.argsort(-values, axis=1, kind="stable")[:, :2]
    return float((likeliest == aggregation.labels(songs["genre"], genres=genres)[:, None]).any(axis=1).mean())


def _log_loss(rows: pd.DataFrame, *, genres: Sequence[str]) -> float:
    values = aggregation.probabilities(rows, genres=genres)
    given = values[np.arange(len(rows)), aggregation.labels(rows["genre"], genres=genres)]
    return float(-np.log(np.clip(given / values.sum(axis=1), SMALLEST_PROBABILITY, 1.0)).mean())


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
    import pandas as pd

    values = aggregation.probabilities(predictions, genres=genres)
    confidence = values.max(axis=1)
    right = values.argmax(axis=1) == aggregation.labels(predictions["genre"], genres=genres)
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
