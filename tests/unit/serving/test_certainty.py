"""Limits of certainty: from validation songs, of how probable a genre is and how far a song is from the training."""

from __future__ import annotations

import numpy as np
import pytest

from components.config.params import UnsureParams
from components.core.errors import RegistryError
from components.serving.certainty import Certainty

TRAINING = np.random.default_rng(0).normal(3.0, 2.0, (200, 8))


def certainty(confidence=(0.9, 0.8, 0.7, 0.6), right=(True, True, False, True), distance=(1.0, 2.0)):
    return Certainty(TRAINING, np.array(confidence), np.array(right), np.array(distance))


@pytest.mark.parametrize(
    ("precision", "confidence", "kept"),
    [(0.95, 0.8, 0.5), (0.75, 0.6, 1.0), (0.7, 0.6, 1.0), (0.5, 0.6, 1.0)],
)
def test_the_smallest_confidence_from_which_on_songs_are_right_often_enough(precision, confidence, kept):
    limits = certainty().limits(UnsureParams(precision=precision))
    assert (limits.confidence, limits.kept) == (confidence, kept)


def test_songs_of_one_confidence_are_sure_or_unsure_together():
    limits = certainty(confidence=(0.8, 0.8, 0.5), right=(True, False, True)).limits(UnsureParams())
    assert limits.kept == 0.0
    assert limits.reason(confidence=1.0, distance=0.0)


def test_where_all_are_right_all_confidences_seen_are_enough():
    limits = certainty(right=(True,) * 4).limits(UnsureParams())
    assert not limits.reason(confidence=0.6, distance=0.0)
    assert "60%" in limits.reason(confidence=0.59, distance=0.0)


def test_the_distance_that_a_share_of_validation_songs_keeps_to():
    known = certainty(distance=np.linspace(0.0, 1.0, 101))
    assert known.limits(UnsureParams(alike=0.9)).distance == pytest.approx(0.9)
    limits = known.limits(UnsureParams())
    assert "unlike" in limits.reason(confidence=0.99, distance=2.0)
    assert not limits.reason(confidence=0.99, distance=0.9)
    assert "unlike" in certainty(distance=(0.0,)).limits(UnsureParams()).reason(confidence=1.0, distance=0.1)


def test_songs_of_the_training_are_near_and_others_far():
    known, random = certainty(), np.random.default_rng(1)
    alike = known.distances(random.normal(3.0, 2.0, (50, 8)))
    unlike = known.distances(random.normal(13.0, 2.0, (50, 8)))
    assert alike.max() < unlike.min()
    # Nearest songs, not the centre: between two groups there is no music.
    two = Certainty(
        np.concatenate([TRAINING, TRAINING + 100]), np.ones(1), np.ones(1, dtype=bool), np.ones(1)
    )
    inside, between = two.distances([TRAINING.mean(axis=0), TRAINING.mean(axis=0) + 50])
    assert between > 3 * inside


def test_columns_that_do_not_vary_do_not_outweigh_all_others():
    still = TRAINING.copy()
    still[:, 0] = 0.0
    known = Certainty(still, np.ones(1), np.ones(1, dtype=bool), np.ones(1))
    (near,) = known.distances([[0.01, *TRAINING[0, 1:]]])
    (far,) = known.distances([[0.0, *(TRAINING[0, 1:] + 20)]])
    assert near < far / 5


@pytest.mark.parametrize("songs", [TRAINING[:1], TRAINING[:2], np.ones((3, 8))])
def test_few_or_equal_songs_give_finite_distances(songs):
    known = Certainty(songs, np.ones(1), np.ones(1, dtype=bool), np.ones(1))
    assert np.isfinite(known.distances(TRAINING[:3])).all()


def test_what_is_saved_is_read_again(tmp_path):
    known = certainty()
    known.save(tmp_path / "certainty.npz")
    read = Certainty.load(tmp_path / "certainty.npz")
    assert read.limits(UnsureParams()) == known.limits(UnsureParams())
    np.testing.assert_array_equal(read.distances(TRAINING[:4]), known.distances(TRAINING[:4]))
    (tmp_path / "certainty.npz").write_bytes(b"x")
    with pytest.raises(RegistryError, match="certainty"):
        Certainty.load(tmp_path / "certainty.npz")
