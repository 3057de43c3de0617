"""Figures of songs that a model has predicted: by group, by genre, and beside the headline of its training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from components.evaluation import aggregation, bootstrap, metrics
from components.external_evaluation.recognition import GROUPS, Group
from components.external_evaluation.record import Drawn, Figures, Gap, GenreFigures

#: The metric of a training run that a promise is made by.
RECORD = "test.headline_accuracy"
#: How many songs it is of.
RECORD_SONGS = "test.headline_songs"


def interval(songs: pd.DataFrame, *, seed: int) -> tuple[float, float]:
    """Return the 95 % interval of the accuracy of songs, drawing their clusters.

    Parameters
    ----------
    songs : DataFrame
        Columns ``correct`` and ``cluster``, one row a song.
    seed : int
        Seed of the bootstrap.
    """
    hits = songs["correct"].to_numpy(dtype=np.float64)
    return bootstrap.accuracy(hits, np.ones_like(hits), seed=seed, clusters=songs["cluster"])


def figures(songs: pd.DataFrame, *, genres: Sequence[str], seed: int) -> Figures:
    """Measure a group of songs.

    Parameters
    ----------
    songs : DataFrame
        One row a song, 1 or more: from :func:`components.external_evaluation.predictions.table`, with ``artist_key``
        and ``cluster``.
    genres : sequence of str
        The model's, in label order.
    seed : int
        Seed of the bootstrap.
    """
    from sklearn.metrics import f1_score, recall_score

    actual, predicted = (
        aggregation.labels(songs[column], genres=genres) for column in ("genre", "predicted")
    )
    low, high = interval(songs, seed=seed)
    return Figures(
        songs=len(songs),
        segments=int(songs["segments"].sum()),
        artists=_artists(songs),
        accuracy=float(songs["correct"].mean()),
        accuracy_low=low,
        accuracy_high=high,
        drawn=_drawn(songs),
        segment_accuracy=float(songs["segments_correct"].sum() / songs["segments"].sum()),
        macro_f1=float(f1_score(actual, predicted, average="macro", zero_division=0)),
        balanced_accuracy=float(recall_score(actual, predicted, labels=np.unique(actual), average="macro")),
        top2_accuracy=float(songs["top2"].mean()),
        confidence=float(songs["confidence"].mean()),
        ece=metrics.expected_error(metrics.reliability(songs, genres=genres)),
    )


def _artists(songs: pd.DataFrame) -> int:
    return int(songs["artist_key"].replace("", None).nunique())


def _drawn(songs: pd.DataFrame) -> Drawn:
    named = songs["artist_key"] != ""
    return "artists" if named.all() else "artists, and songs without one" if named.any() else "songs"


def by_group(songs: pd.DataFrame, *, genres: Sequence[str], seed: int) -> dict[Group, Figures]:
    """Measure each group that has songs, by the column ``group``."""
    return {
        group: figures(rows, genres=genres, seed=seed)
        for group in GROUPS
        if len(rows := songs[songs["group"] == group])
    }


def by_genre(songs: pd.DataFrame, *, seed: int) -> dict[str, GenreFigures]:
    """Measure the songs of each genre that occurs, sorted by its name; see :func:`figures`."""
    found = {}
    for genre, rows in songs.groupby("genre", sort=True):
        low, high = interval(rows, seed=seed)
        named = int((songs["predicted"] == genre).sum())
        right = int(rows["correct"].sum())
        found[str(genre)] = GenreFigures(
            songs=len(rows),
            right=right,
            artists=_artists(rows),
            recall=right / len(rows),
            recall_low=low,
            recall_high=high,
            precision=right / named if named else None,
        )
    return found


def confusion(songs: pd.DataFrame, *, genres: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count songs by actual and then by predicted genre."""
    counts = pd.crosstab(songs["genre"], songs["predicted"])
    counts = counts.reindex(index=list(genres), columns=list(genres), fill_value=0)
    return {
        str(genre): {str(to): int(count) for to, count in row.items()} for genre, row in counts.iterrows()
    }


def gap(songs: pd.DataFrame, *, run_metrics: Mapping[str, float], without: Sequence[str]) -> Gap | None:
    """Set the headline of a model's training beside the accuracy of the headline songs here.

    Parameters
    ----------
    songs : DataFrame
        The headline's, one row a song: ``genre``, ``correct``.
    run_metrics : mapping of str to float
        Of the training run.
    without : sequence of str
        Genres that the training's headline leaves out, spelled as the songs'.

    Returns
    -------
    Gap or None
        None where one of the two has no headline.
    """
    rows = songs[~songs["genre"].isin(list(without))]
    if RECORD not in run_metrics or rows.empty:
        return None
    record, here = float(run_metrics[RECORD]), float(rows["correct"].mean())
    return Gap(
        record=record,
        record_low=run_metrics[f"{RECORD}_low"],
        record_high=run_metrics[f"{RECORD}_high"],
        record_songs=int(run_metrics[RECORD_SONGS]),
        here=here,
        here_songs=len(rows),
        points=100 * (record - here),
        without=list(without),
    )
