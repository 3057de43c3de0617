"""Weights of an ensemble: those of the best members, drawn towards equal ones, and the mean they make."""

from __future__ import annotations

import numpy as np
import pytest

from components.core.errors import TrainingError
from components.results import calibration, ensemble


def given(*skills: float, songs: int = 400) -> np.ndarray:
    """Probabilities of the true genre by members of these skills, each wrong about other songs."""
    rng = np.random.default_rng(0)
    odds = np.array([rng.normal(skill, 1.5, songs) for skill in skills])
    return 1.0 / (1.0 + np.exp(-odds))


def log_loss(weights: np.ndarray, known: np.ndarray) -> float:
    return float(-np.log(weights @ known).mean())


def test_weights_are_convex_and_no_grid_point_is_better() -> None:
    known = given(1.0, 0.5, 0.8)
    weights = ensemble.choose_weights(known, shrinkage=0.0)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    grid = [
        np.array([a, b, 1 - a - b])
        for a in np.linspace(0, 1, 41)
        for b in np.linspace(0, 1, 41)
        if a + b <= 1
    ]
    assert log_loss(weights, known) <= min(log_loss(point, known) for point in grid) + 1e-6


def test_a_member_that_only_spoils_gets_nothing() -> None:
    known = given(2.0, -3.0)
    np.testing.assert_allclose(ensemble.choose_weights(known, shrinkage=0.0), [1.0, 0.0], atol=1e-3)


def test_equal_weights_count_as_so_many_songs() -> None:
    known = given(2.0, -3.0, songs=30)
    np.testing.assert_allclose(ensemble.choose_weights(known, shrinkage=30.0), [0.75, 0.25], atol=1e-3)
    np.testing.assert_allclose(ensemble.choose_weights(known, shrinkage=1e9), [0.5, 0.5], atol=1e-6)


def test_members_alike_share_alike() -> None:
    known = np.repeat(given(1.0), 3, axis=0)
    np.testing.assert_allclose(ensemble.choose_weights(known, shrinkage=0.0), np.full(3, 1 / 3), atol=1e-6)


def test_a_member_that_is_sure_and_wrong_costs_no_infinity() -> None:
    known = np.array([[0.0, 1.0, 1.0], [0.0, 0.5, 0.5]])
    weights = ensemble.choose_weights(known, shrinkage=0.0)
    np.testing.assert_allclose(weights, [1.0, 0.0], atol=1e-3)


@pytest.mark.parametrize(
    "known", [np.empty((2, 0)), np.array([[0.5, np.nan], [0.5, 0.5]]), np.array([[1.5], [0.5]])]
)
def test_what_is_no_probability_is_refused(known: np.ndarray) -> None:
    with pytest.raises(TrainingError, match="within 0 and 1"):
        ensemble.choose_weights(known, shrinkage=0.0)


def test_the_mean_is_weighted_and_then_calibrated() -> None:
    one, two = np.array([[1.0, 0.0]]), np.array([[0.2, 0.8]])
    plain = ensemble.mean([one, two], weights=[0.75, 0.25], temperature=1.0)
    np.testing.assert_allclose(plain, [[0.8, 0.2]])
    scaled = ensemble.mean([one, two], weights=[0.75, 0.25], temperature=2.0)
    np.testing.assert_allclose(scaled, calibration.scale(plain, 2.0))
