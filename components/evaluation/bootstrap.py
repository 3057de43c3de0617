"""95 % intervals of an accuracy by resampling songs: the segments of one song are not independent draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Probability that an interval is to cover the true value.
LEVEL = 0.95
#: Bootstrap replicates. With 5,000 the ends of a 95 % percentile interval move by less than half a point
#: from seed to seed (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, advise 1,000 or more).
REPLICATES = 5000


def replicate_counts(songs: int, *, seed: int, replicates: int = REPLICATES) -> NDArray[np.int64]:
    """Draw how often each song occurs in each bootstrap replicate.

    Parameters
    ----------
    songs : int
        Number of songs, 1 or more.
    seed : int
        Seed of the generator; the same seed gives the same draws.
    replicates : int
        Number of replicates.

    Returns
    -------
    ndarray of int, shape (replicates, songs)
        Counts; each row sums to ``songs``.
    """
    generator = np.random.default_rng(seed)
    return generator.multinomial(songs, np.full(songs, 1.0 / songs), size=replicates)


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


def accuracy(
    correct: NDArray[np.float64], total: NDArray[np.float64], *, seed: int, replicates: int = REPLICATES
) -> tuple[float, float]:
    """Return the 95 % interval of an accuracy, resampling songs as clusters.

    Where every song is wholly right, or wholly wrong, each replicate is the same and the bootstrap would
    claim to be certain; the exact binomial interval (Clopper-Pearson) over the songs is given there.

    Parameters
    ----------
    correct : ndarray of float, shape (songs,)
        How many of each song's predictions are right.
    total : ndarray of float, shape (songs,)
        How many predictions each song has, 1 or more (all 1 for the accuracy over songs).
    seed : int
        Seed of the resampling.
    replicates : int
        Number of replicates.

    Returns
    -------
    tuple of float
        Lower and upper end, each within 0 and 1.
    """
    songs = len(total)
    right = int((correct == total).sum())
    if right == songs or not correct.any():
        from scipy.stats import binomtest

        interval = binomtest(right, songs).proportion_ci(confidence_level=LEVEL, method="exact")
        return float(interval.low), float(interval.high)
    counts = replicate_counts(songs, seed=seed, replicates=replicates)
    return percentile((counts @ correct) / (counts @ total))


def difference(
    left: NDArray[np.float64], right: NDArray[np.float64], *, seed: int, replicates: int = REPLICATES
) -> tuple[float, float]:
    """Return the 95 % interval of left's song accuracy minus right's, resampling songs in pairs.

    Parameters
    ----------
    left, right : ndarray of float, shape (songs,)
        1 where that model is right on the song, else 0; the same songs in the same order.
    seed : int
        Seed of the resampling.
    replicates : int
        Number of replicates.

    Returns
    -------
    tuple of float
        Lower and upper end, each within -1 and 1.
    """
    songs = len(left)
    return percentile(replicate_counts(songs, seed=seed, replicates=replicates) @ (left - right) / songs)
