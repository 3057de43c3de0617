"""Feature drift: how far new songs lie from those that a model was trained on, column by column."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from components.config.strict import Strict
from components.features.pipeline.record import FeatureRecord

if TYPE_CHECKING:
    import pandas as pd

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


class ColumnDrift(Strict):
    """How far one watched column has drifted.

    Attributes
    ----------
    column : str
        Its name, from :func:`names`.
    distance : float
        Kolmogorov-Smirnov distance, 0 to 1.
    p : float
        Adjusted for the number of columns, 0 to 1.
    drifted : bool
        Whether it is both surely and considerably apart.
    """

    column: str
    distance: float
    p: float
    drifted: bool


class Drift(Strict):
    """How far the newest songs of a folder lie from those of the training.

    Attributes
    ----------
    share : float
        Of the watched columns that have drifted, 0 to 1.
    songs, reference : int
        Songs that were compared: the newest, and those of the training.
    columns : list of ColumnDrift
        The farthest, at most ten.
    genres : dict of str to int
        The newest songs by genre.
    """

    share: float
    songs: int
    reference: int
    columns: list[ColumnDrift]
    genres: dict[str, int]


def names(features: Sequence[FeatureRecord]) -> list[str]:
    """Return the names of the watched columns, at most :data:`COLUMNS` a feature; its own where it has some.

    Of several features, each column's name begins with that of its feature.
    """
    found = []
    for feature in features:
        known = feature.names or [f"column {number}" for number in range(feature.shape[-1])]
        begin = f"{feature.feature}: " if len(features) > 1 else ""
        found += [begin + known[column] for column in _spaced(len(known), at_most=COLUMNS)]
    return found


def summary(values: Sequence[np.ndarray]) -> np.ndarray:
    """Summarise a song's feature rows: segments of a song are alike, so a song counts once.

    Parameters
    ----------
    values : sequence of ndarray of float32, each of shape (rows, ..., columns)
        The song's rows, feature by feature; axes between are moments in time.

    Returns
    -------
    ndarray of float32, shape (watched columns,)
        The mean of each; as many as :func:`names` gives.
    """
    means = [rows.reshape(-1, rows.shape[-1]).mean(axis=0, dtype=np.float64) for rows in values]
    return np.concatenate([watched(mean) for mean in means]).astype(np.float32)


def watched(values: np.ndarray) -> np.ndarray:
    """Return the columns that are watched of a feature's, shape (..., columns): at most :data:`COLUMNS`."""
    return values[..., _spaced(values.shape[-1], at_most=COLUMNS)]


def reference(
    tables: Sequence[tuple[pd.DataFrame, np.ndarray]],
    *,
    features: Sequence[FeatureRecord],
    tracks: Collection[str],
) -> pd.DataFrame:
    """Summarise the songs a model was trained on, to travel with the model.

    Parameters
    ----------
    tables : sequence of (DataFrame, ndarray)
        Of each feature its index, sorted by track, and its values, shape (rows, ...).
    features : sequence of FeatureRecord
        The features.
    tracks : collection of str
        The training songs.

    Returns
    -------
    DataFrame
        One row a song that has all features, at most :data:`SONGS`; columns as :func:`names`. Songs are not named.
    """
    import pandas as pd

    rows = [summary(values) for values in songs(tables, tracks=tracks)]
    return pd.DataFrame(rows, columns=names(features), dtype=np.float32)


def songs(
    tables: Sequence[tuple[pd.DataFrame, np.ndarray]], *, tracks: Collection[str]
) -> Iterator[list[np.ndarray]]:
    """Give the rows of training songs, feature by feature; at most :data:`SONGS`, of those that have all features."""
    places = [index.groupby("track", sort=True).indices for index, _ in tables]
    known = sorted(set(tracks).intersection(*places))
    for place in _spaced(len(known), at_most=SONGS):
        yield [np.asarray(values[own[known[place]]]) for (_, values), own in zip(tables, places, strict=True)]


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
        One row a watched column, the farthest first, with the fields of :class:`ColumnDrift`; a few songs prove
        nothing.
    """
    import pandas as pd
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
