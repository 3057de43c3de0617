"""Feature drift: how far new songs lie from those that a model was trained on, column by column."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from components.training.record import FeatureRecord

#: Columns that are watched; of a feature that has more, so many evenly spaced ones.
COLUMNS = 64
#: Training songs that are kept to compare with; of a larger collection, so many evenly spaced ones.
SONGS = 1000
#: A column has drifted where the two distributions are apart by this (Kolmogorov-Smirnov distance, 0 to 1):
#: below it a difference may be sure and yet too small to matter.
DISTANCE = 0.2
#: Expected share of columns that are called drifted though they are not (Benjamini-Yekutieli: columns of a
#: feature depend on each other).
FALSE_SHARE = 0.05


def names(feature: FeatureRecord) -> list[str]:
    """Return the names of the watched columns, at most :data:`COLUMNS`; the feature's own where it has some."""
    known = feature.names or [f"column {number}" for number in range(feature.shape[-1])]
    return [known[column] for column in _spaced(len(known), at_most=COLUMNS)]


def summary(values: np.ndarray) -> np.ndarray:
    """Summarise a song's feature rows: segments of a song are alike, so a song counts once.

    Parameters
    ----------
    values : ndarray of float32, shape (rows, ..., columns)
        The song's rows; axes between are moments in time.

    Returns
    -------
    ndarray of float32, shape (at most COLUMNS,)
        Each watched column's mean.
    """
    means = values.reshape(-1, values.shape[-1]).mean(axis=0, dtype=np.float64)
    return means[_spaced(len(means), at_most=COLUMNS)].astype(np.float32)


def reference(
    index: pd.DataFrame, values: np.ndarray, *, feature: FeatureRecord, tracks: Collection[str]
) -> pd.DataFrame:
    """Summarise the songs a model was trained on, to travel with the model.

    Parameters
    ----------
    index : DataFrame
        The feature's index; sorted by track.
    values : ndarray, shape (rows, ...)
        The feature's values.
    feature : FeatureRecord
        The feature.
    tracks : collection of str
        The training songs.

    Returns
    -------
    DataFrame
        One row a song, at most :data:`SONGS`; columns as :func:`names`. Songs are not named.
    """
    rows = index.groupby("track", sort=True).indices
    known = sorted(set(tracks) & rows.keys())
    chosen = [known[place] for place in _spaced(len(known), at_most=SONGS)]
    table = [summary(np.asarray(values[rows[track]])) for track in chosen]
    return pd.DataFrame(table, columns=names(feature), dtype=np.float32)


def measure(songs: pd.DataFrame, *, reference: pd.DataFrame) -> pd.DataFrame:
    """Compare songs with those of the training, by a two-sample Kolmogorov-Smirnov test a column.

    Parameters
    ----------
    songs : DataFrame
        One row a song, from :func:`summary`; the columns of ``reference``, in its order.
    reference : DataFrame
        From :func:`reference`.

    Returns
    -------
    DataFrame
        One row a watched column, the farthest first: ``column``, ``distance`` (0 to 1), ``p`` (adjusted),
        ``drifted``: both surely and considerably apart, so a few songs prove nothing.
    """
    from scipy import stats

    found = stats.ks_2samp(songs.to_numpy(np.float64), reference.to_numpy(np.float64), axis=0)
    p = stats.false_discovery_control(found.pvalue, method="by")
    columns = pd.DataFrame(
        {
            "column": list(reference.columns),
            "distance": found.statistic,
            "p": p,
            "drifted": (p < FALSE_SHARE) & (found.statistic >= DISTANCE),
        }
    )
    return columns.sort_values(["drifted", "distance"], ascending=False, ignore_index=True, kind="stable")


def _spaced(count: int, *, at_most: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(count, at_most)).round().astype(int))
