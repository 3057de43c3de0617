"""95 % intervals of accuracies by resampling artists, or songs: what is drawn together is no independent draw."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Probability that an interval is to cover the true value.
LEVEL = 0.95
#: Bootstrap replicates. With 5,000 the ends of a 95 % percentile interval move by less than half a point
#: from seed to seed (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, advise 1,000 or more).
REPLICATES = 5000
#: Counts that are drawn, or multiplied, at a time: of many clusters a table of all of them is large.
AT_ONCE = 2**22


# Models compared on the same songs take the same draws: those of validation and test are kept.
@lru_cache(maxsize=2)
def replicate_counts(clusters: int, *, seed: int, replicates: int = REPLICATES) -> NDArray[np.uint8]:
    """Draw how often each cluster occurs in each bootstrap replicate.

    Parameters
    ----------
    clusters : int
        Number of clusters, 1 or more.
    seed : int
        Seed of the generator; the same seed gives the same draws.
    replicates : int
        Number of replicates.

    Returns
    -------
    ndarray of uint8, shape (replicates, clusters)
        Counts, read-only; each row sums to ``clusters``. That one of more than 255 clusters is drawn more than 255
        times has a probability below 1e-500.
    """
    generator, shares = np.random.default_rng(seed), np.full(clusters, 1.0 / clusters)
    counts = np.empty((replicates, clusters), dtype=np.uint8)
    for rows in _pieces(counts):
        # Drawn one replicate after the other: the draws do not depend on how many are drawn at a time.
        rows[...] = generator.multinomial(clusters, shares, size=len(rows))
    counts.flags.writeable = False
    return counts


def _pieces(counts: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    step = max(1, AT_ONCE // counts.shape[1])
    for first in range(0, len(counts), step):
        yield counts[first : first + step]


def _ratios(
    above: NDArray[np.float64], below: NDArray[np.float64], *, seed: int, replicates: int
) -> NDArray[np.float64]:
    """Return in each replicate the sum of some figure over that of another."""
    counts = replicate_counts(len(below), seed=seed, replicates=replicates)
    pieces = (rows.astype(np.float64) for rows in _pieces(counts))
    return np.concatenate([(rows @ above) / (rows @ below) for rows in pieces])


def percentile(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the ends of the central 95 % of bootstrap replicates.

    Parameters
    ----------
    values : ndarray of float, shape (replicates,)
        The statistic in each replicate.

    Returns
    -------
    tuple of float
        Lower and upper end, in the unit of ``values``.
    """
    tail = (1.0 - LEVEL) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return float(low), float(high)


def sums(values: NDArray[np.float64], *, clusters: ArrayLike | None) -> NDArray[np.float64]:
    """Add up the values of each cluster, in the order of the clusters' names.

    Parameters
    ----------
    values : ndarray of float, shape (songs,)
        One a song.
    clusters : array-like, shape (songs,), optional
        Name of each song's cluster; None makes each song its own.

    Returns
    -------
    ndarray of float, shape (clusters,)
        The sums.
    """
    if clusters is None:
        return values
    codes = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)[1]
    return np.bincount(codes, weights=values).astype(np.float64)


def accuracy(
    correct: NDArray[np.float64],
    total: NDArray[np.float64],
    *,
    seed: int,
    clusters: ArrayLike | None = None,
    replicates: int = REPLICATES,
) -> tuple[float, float]:
    """Return the 95 % interval of an accuracy, resampling clusters of songs.

    Where every song is wholly right, or wholly wrong, each replicate is the same and the bootstrap would
    claim to be certain; the exact binomial interval (Clopper-Pearson) over the clusters is given there.

    Parameters
    ----------
    correct : ndarray of float, shape (songs,)
        How many of each song's predictions are right.
    total : ndarray of float, shape (songs,)
        How many predictions each song has, 1 or more (all 1 for the accuracy over songs).
    seed : int
        Seed of the resampling.
    clusters : array-like, shape (songs,), optional
        What each song is drawn with, such as its artist; None draws songs.
    replicates : int
        Number of replicates.

    Returns
    -------
    tuple of float
        Lower and upper end, each within 0 and 1.
    """
    correct, total = sums(correct, clusters=clusters), sums(total, clusters=clusters)
    drawn = len(total)
    right = int((correct == total).sum())
    if right == drawn or not correct.any():
        from scipy.stats import binomtest

        interval = binomtest(right, drawn).proportion_ci(confidence_level=LEVEL, method="exact")
        return float(interval.low), float(interval.high)
    return percentile(_ratios(correct, total, seed=seed, replicates=replicates))


def balanced_accuracy(
    correct: NDArray[np.float64],
    genres: NDArray[np.int64],
    *,
    seed: int,
    clusters: ArrayLike | None = None,
    replicates: int = REPLICATES,
) -> tuple[float, float]:
    """Return the 95 % interval of the mean recall over genres, resampling clusters of songs.

    Parameters
    ----------
    correct : ndarray of float, shape (songs,)
        1 where the song is named right, else 0.
    genres : ndarray of int, shape (songs,)
        Each song's own genre. A replicate that draws no song of a genre is the mean over the others.
    seed, clusters, replicates
        As for :func:`accuracy`, whose exact interval is given where all songs are right, or all wrong.

    Returns
    -------
    tuple of float
        Lower and upper end, each within 0 and 1.
    """
    if correct.all() or not correct.any():
        return accuracy(correct, np.ones_like(correct), seed=seed, clusters=clusters, replicates=replicates)
    known = np.unique(genres)
    right = np.stack([sums(correct * (genres == genre), clusters=clusters) for genre in known], axis=1)
    total = np.stack([sums(1.0 * (genres == genre), clusters=clusters) for genre in known], axis=1)
    counts = replicate_counts(len(total), seed=seed, replicates=replicates)
    means = []
    for rows in _pieces(counts):
        drawn = rows.astype(np.float64)
        below = drawn @ total
        recalls = np.divide(drawn @ right, below, out=np.zeros_like(below), where=below > 0)
        means.append(recalls.sum(axis=1) / (below > 0).sum(axis=1))
    return percentile(np.concatenate(means))


def difference(
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    *,
    seed: int,
    clusters: ArrayLike | None = None,
    replicates: int = REPLICATES,
) -> tuple[float, float]:
    """Return the 95 % interval of left's song accuracy minus right's, resampling clusters of songs in pairs.

    Parameters
    ----------
    left, right : ndarray of float, shape (songs,)
        1 where that model is right on the song, else 0; the same songs in the same order.
    seed, clusters, replicates
        As for :func:`accuracy`.

    Returns
    -------
    tuple of float
        Lower and upper end, each within -1 and 1.
    """
    gain, total = (sums(values, clusters=clusters) for values in (left - right, np.ones_like(left)))
    return percentile(_ratios(gain, total, seed=seed, replicates=replicates))
