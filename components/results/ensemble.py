"""The ensemble: a weighted mean of models' probabilities, its weights chosen on validation songs alone.

A linear pool with convex weights (M. Stone, "The Opinion Pool", Annals of Mathematical Statistics 32, 1961); weights
that minimise the log loss of held-out rows are stacking (D. Wolpert, "Stacked Generalization", Neural Networks 5,
1992).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from components.core.errors import TrainingError
from components.evaluation.metrics import SMALLEST_PROBABILITY
from components.results import calibration


def choose_weights(given: NDArray[np.floating], *, shrinkage: float) -> NDArray[np.float64]:
    """Choose the weights that give validation songs the lowest log loss, drawn towards equal ones.

    Weights chosen on few songs vary much. So the best weights there count as the songs they were chosen on, equal ones
    as ``shrinkage`` songs.

    Parameters
    ----------
    given : ndarray, shape (members, songs)
        Probability that each member gives to the true genre of each validation song.
    shrinkage : float
        Songs, 0 or more.

    Returns
    -------
    ndarray of float64, shape (members,)
        Each within 0 and 1; they sum to 1.

    Raises
    ------
    TrainingError
        If there are no songs or members, or a value is not within 0 and 1.
    """
    from scipy.optimize import minimize

    members, songs = given.shape
    if not given.size or not ((given >= 0) & (given <= 1)).all():
        raise TrainingError(
            f"probabilities of {members} members and {songs} songs; valid: within 0 and 1, not none"
        )
    known = np.asarray(given, dtype=np.float64)
    equal = np.full(members, 1.0 / members)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        mean = np.maximum(weights @ known, SMALLEST_PROBABILITY)
        return float(-np.log(mean).mean()), -(known / mean).mean(axis=1)

    # Convex, so that where the search begins does not matter.
    found = minimize(
        loss,
        equal,
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * members,
        constraints={
            "type": "eq",
            "fun": lambda weights: weights.sum() - 1.0,
            "jac": lambda _: np.ones(members),
        },
        options={"ftol": 1e-10, "maxiter": 500},
    )
    best = np.clip(found.x, 0.0, 1.0)
    best /= best.sum()
    return np.asarray((songs * best + shrinkage * equal) / (songs + shrinkage))


def mean(
    probabilities: Sequence[NDArray[np.floating]], *, weights: Sequence[float], temperature: float
) -> NDArray[np.float64]:
    """Average members' probabilities, and calibrate the mean.

    Parameters
    ----------
    probabilities : sequence of ndarray, each of shape (rows, genres)
        Of the members, of the same rows in the same order.
    weights : sequence of float
        One a member; they sum to 1.
    temperature : float
        Above 0; 1 leaves the mean as it is.

    Returns
    -------
    ndarray of float64, shape (rows, genres)
        Each row sums to 1.
    """
    total = np.asarray(
        sum(
            weight * np.asarray(own, dtype=np.float64)
            for weight, own in zip(weights, probabilities, strict=True)
        )
    )
    return total if temperature == 1.0 else calibration.scale(total, temperature)
