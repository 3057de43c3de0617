"""Label signal: measures of a collection that a misplaced label or row would destroy."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

#: How many standard errors above chance the label signal must be. By luck alone once in 700.
SIGMAS = 3.0
#: Orders that labels are put in where tracks are few, and how many of them may separate genres as well: as above,
#: about once in 700.
ORDERS = 1999
BETTER = 2
#: Rows looked at, evenly spaced, for how a sequence goes on in time.
LOOKED_AT = 200
#: Folds of the cross-validation; fewer where a genre has fewer tracks.
FOLDS = 5


def label_signal(profiles: np.ndarray, genres: np.ndarray, *, margin: float) -> tuple[float, float]:
    """Return how well the nearest centroid distinguishes genres, cross-validated over tracks, and what is needed.

    The weakest rule there is, on purpose: it is a check of the data and never a model. Where labels and rows
    were moved against each other it does no better than chance.

    Parameters
    ----------
    profiles : ndarray, shape (tracks, dimensions)
        One vector a track.
    genres : ndarray of str, shape (tracks,)
        Label of each.
    margin : float
        Least distance above chance.

    Returns
    -------
    accuracy : float
        Balanced accuracy, 0 to 1; NaN where some genre has but one track.
    needed : float
        Chance (one over the number of genres) plus the larger of ``margin`` and three standard errors of a
        guesser's balanced accuracy on so many tracks, but never more than halfway from chance to perfect: more
        cannot be expected of a handful of tracks.
    """
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.neighbors import NearestCentroid
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    counts = np.unique(genres.astype(str), return_counts=True)[1]
    chance = 1.0 / len(counts)
    needed = chance + min(max(margin, SIGMAS * _guess(counts)), (1 - chance) / 2)
    if len(counts) < 2 or counts.min() < 2:
        return float("nan"), needed
    varying = profiles[:, np.ptp(profiles, axis=0) > 0]
    if varying.shape[1] == 0:
        return chance, needed
    rule = make_pipeline(StandardScaler(), NearestCentroid())
    folds = StratifiedKFold(min(FOLDS, int(counts.min())), shuffle=True, random_state=0)
    predicted = cross_val_predict(rule, varying, genres.astype(str), cv=folds)
    return float(balanced_accuracy_score(genres.astype(str), predicted)), needed


def separation(profiles: np.ndarray, genres: np.ndarray) -> tuple[float, float]:
    """Return how far genres lie apart, and how far they would with labels in any order: for few tracks.

    Thirty tracks are too coarse a measure for a nearest-centroid rule: by chance one clean collection in three would
    fail. The ratio of the variance between genres to that within them uses every number instead of one bit a track
    (a permutational analysis of variance; M. J. Anderson, Austral Ecology 26, 2001).

    Parameters
    ----------
    profiles : ndarray, shape (tracks, dimensions)
        One vector a track.
    genres : ndarray of str, shape (tracks,)
        Label of each.

    Returns
    -------
    ratio : float
        Pseudo-F, 0 and up; NaN where some genre has but one track.
    needed : float
        What labels in random order reach once in 700.
    """
    names, codes = np.unique(genres.astype(str), return_inverse=True)
    counts = np.bincount(codes)
    varying = profiles[:, np.ptp(profiles, axis=0) > 0].astype(np.float64)
    if len(names) < 2 or counts.min() < 2 or varying.shape[1] == 0:
        return float("nan"), float("nan")
    # Ranks: a single outlying song must not decide. Equal values share one: in the order of rows, which is that of
    # genres, an encoder's many zeros would separate genres by themselves.
    ranks = pd.DataFrame(varying).rank()
    ranks = (ranks - ranks.mean()).to_numpy()
    products = ranks @ ranks.T
    total = float(np.trace(products))
    freedom = (len(codes) - len(names)) / (len(names) - 1)

    def ratio(labels: np.ndarray) -> float:
        members = np.eye(len(names))[labels]
        between = float((((members.T @ products) * members.T).sum(axis=1) / counts).sum())
        return between / max(total - between, 1e-12 * total) * freedom

    rng = np.random.default_rng(0)
    by_luck = np.sort([ratio(rng.permutation(codes)) for _ in range(ORDERS)])
    return ratio(codes), float(by_luck[-1 - BETTER])


def few(genres: np.ndarray, *, margin: float) -> bool:
    """Return whether :func:`separation` is the measure for so few tracks, instead of :func:`label_signal`.

    It is where a guesser's luck weighs more than the margin, and the tracks are enough to be put in order.

    Parameters
    ----------
    genres : ndarray of str, shape (tracks,)
        Label of each.
    margin : float
        As in :func:`label_signal`.

    Returns
    -------
    bool
        True for :func:`separation`.
    """
    counts = np.unique(genres.astype(str), return_counts=True)[1]
    orders = math.lgamma(counts.sum() + 1) - sum(math.lgamma(count + 1) for count in counts)
    return SIGMAS * _guess(counts) > margin and orders > math.log(10 * ORDERS)


def _guess(counts: np.ndarray) -> float:
    """Return the standard error of a guesser's balanced accuracy."""
    chance = 1.0 / len(counts)
    return float(np.sqrt(np.mean(chance * (1 - chance) / counts) / len(counts)))


def spread(profiles: np.ndarray) -> float:
    """Return how much tracks differ: the median over dimensions of deviation over size.

    Parameters
    ----------
    profiles : ndarray, shape (tracks, dimensions)
        One vector a track.

    Returns
    -------
    float
        0 where every track looks the same.
    """
    size = np.abs(profiles).mean(axis=0)
    return float(np.median(profiles.std(axis=0)[size > 0] / size[size > 0])) if (size > 0).any() else 0.0


def similarity(profiles: np.ndarray) -> float:
    """Return the mean cosine between the vectors of two different tracks, -1 to 1.

    Parameters
    ----------
    profiles : ndarray, shape (tracks, dimensions)
        One vector a track.

    Returns
    -------
    float
        The mean over all pairs; 1 of fewer than two tracks that are not all zero.
    """
    lengths = np.linalg.norm(profiles, axis=1)
    unit = profiles[lengths > 0] / lengths[lengths > 0, None]
    count = len(unit)
    if count < 2:
        return 1.0
    # The sum over all pairs is the square of the sum; the count equal pairs have cosine 1.
    return float((np.square(unit.sum(axis=0)).sum() - count) / (count * (count - 1)))


def continuity(values: np.ndarray) -> float:
    """Return the median over rows and columns of a sequence of the correlation of a frame with the next."""
    rows = np.unique(np.linspace(0, len(values) - 1, min(LOOKED_AT, len(values))).astype(int))
    x = np.nan_to_num(values[rows].astype(np.float64), posinf=0.0, neginf=0.0)
    if x.shape[1] < 3:
        return 1.0
    x -= x.mean(axis=1, keepdims=True)
    power = np.square(x).sum(axis=1)
    following = (x[:, 1:] * x[:, :-1]).sum(axis=1)
    return float(np.median(following[power > 0] / power[power > 0])) if (power > 0).any() else 0.0


def repeats(rows: pd.DataFrame) -> pd.DataFrame:
    """Find rows that repeat an earlier row exactly.

    Parameters
    ----------
    rows : DataFrame
        Columns ``track``, ``genre``, ``digest``.

    Returns
    -------
    DataFrame
        A row a row, three flags: ``within`` (repeats a row of the same track), ``across`` (of another track),
        ``conflict`` (of another track under another genre).
    """
    first = rows.groupby("digest")[["track", "genre"]].transform("first")
    within = rows.duplicated(["digest", "track"])
    across = (rows["track"] != first["track"]) & ~within
    # Equal silences may cross genres; whether a *track* is a repeat follows from its share of such rows.
    conflict = (rows["track"] != first["track"]) & (rows["genre"] != first["genre"])
    return pd.DataFrame({"within": within, "across": across, "conflict": conflict})
