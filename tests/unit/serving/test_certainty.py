"""Limits of certainty: from validation songs, of how probable a genre is and how far a song is from the training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from components.config.params import UnsureParams
from components.core.errors import RegistryError
from components.serving.certainty import MOMENTS, Certainty, segments, stretches, summary

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
    assert limits.reason(confidence=1.0, distance=0.0, segments=1)


def test_where_all_are_right_all_confidences_seen_are_enough():
    limits = certainty(right=(True,) * 4).limits(UnsureParams())
    assert not limits.reason(confidence=0.6, distance=0.0, segments=1)
    assert "60%" in limits.reason(confidence=0.59, distance=0.0, segments=1)


def test_the_distance_that_a_share_of_validation_songs_keeps_to():
    known = certainty(distance=np.linspace(0.0, 1.0, 101))
    assert known.limits(UnsureParams(alike=0.9)).distance == pytest.approx(0.9)
    limits = known.limits(UnsureParams())
    assert "unlike" in limits.reason(confidence=0.99, distance=2.0, segments=1)
    assert not limits.reason(confidence=0.99, distance=0.9, segments=1)
    assert "unlike" in certainty(distance=(0.0,)).limits(UnsureParams()).reason(
        confidence=1.0, distance=0.1, segments=1
    )


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


def test_columns_that_are_never_negative_are_compared_by_their_logarithms():
    variances = np.exp(0.35 * TRAINING)
    known = Certainty(variances, np.ones(1), np.ones(1, dtype=bool), np.ones(1))
    songs = [np.median(variances, axis=0), np.zeros(8)]
    alike, still = known.distances(songs)
    assert still > 6 * alike
    # As they are, most songs lie near zero, and so does one that does not vary.
    alike, still = known_by_means(variances).distances(songs)
    assert still < 6 * alike


def known_by_means(songs: np.ndarray) -> Certainty:
    return Certainty(songs, np.ones(1), np.ones(1, dtype=bool), np.ones(1), means_only=True)


@pytest.mark.parametrize(("moments", "columns"), [(1, 8), (MOMENTS - 1, 8), (MOMENTS, 16), (130, 16)])
def test_a_song_is_its_mean_columns_and_how_they_vary_within_segments_of_many_moments(moments, columns):
    rows = np.random.default_rng(0).normal(size=(3, moments, 8)).astype(np.float32)
    found = summary([rows])
    assert found.shape == (columns,)
    np.testing.assert_allclose(found[:8], rows.mean(axis=(0, 1)), atol=1e-6)
    if columns > 8:
        np.testing.assert_allclose(found[8:], rows.std(axis=1).mean(axis=0), rtol=1e-5)


def test_noise_of_the_mean_spectrum_of_music_is_unlike_it():
    """Both have the same means; one varies from moment to moment, the other does not."""
    generator = np.random.default_rng(0)
    levels = generator.normal(size=(40, 1, 8))
    music = [summary([(level + generator.normal(size=(3, 130, 8))).astype(np.float32)]) for level in levels]
    known = Certainty(np.array(music[1:]), np.ones(1), np.ones(1, dtype=bool), np.ones(1))
    noise = summary([(levels[0] + 0.05 * generator.normal(size=(3, 130, 8))).astype(np.float32)])
    alike, unlike = known.distances([music[0], noise])
    assert unlike > 3 * alike


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
    assert not read.means_only
    (tmp_path / "certainty.npz").write_bytes(b"x")
    with pytest.raises(RegistryError, match="certainty"):
        Certainty.load(tmp_path / "certainty.npz")


def test_a_model_that_was_logged_before_compares_means_as_they_are(tmp_path):
    """Its file does not say how; songs have further columns by now."""
    np.savez(tmp_path / "certainty.npz", songs=TRAINING, confidence=[0.9], right=[True], distance=np.ones(1))
    read = Certainty.load(tmp_path / "certainty.npz")
    assert read.means_only
    np.testing.assert_array_equal(
        read.distances(np.hstack([TRAINING[:4], TRAINING[:4] + 100])),
        known_by_means(TRAINING).distances(TRAINING[:4]),
    )


def test_a_song_is_cut_into_stretches_of_1_2_4_segments_each_shorter_than_it():
    rows = np.arange(5.0).reshape(5, 1)
    cut = [part[0][:, 0].tolist() for part in stretches([rows])]
    assert cut == [[0], [1], [2], [3], [4], [0, 1], [2, 3], [0, 1, 2, 3]]
    # A feature of whole songs has none, and nothing is farther or nearer for it.
    assert not [*stretches([rows[:1]])]
    assert certainty().distances([]).shape == (0,)


def test_a_feature_of_the_whole_song_stays_beside_stretches_of_another():
    whole = np.ones((1, 3))
    assert segments([whole, np.zeros((4, 2))]) == 4
    assert [(len(a), len(b)) for a, b in stretches([whole, np.zeros((2, 2))])] == [(1, 1), (1, 1)]


def test_a_short_song_is_compared_with_stretches_of_validation_songs_as_long():
    """A mean of few segments lies farther from the means of whole songs, of any music."""
    generator = np.random.default_rng(0)
    music = [
        [(level + 2 * generator.normal(size=(8, 6))).astype(np.float32)]
        for level in generator.normal(size=(60, 1, 6))
    ]
    known = Certainty(
        np.array([summary(song) for song in music[:20]]), np.ones(1), np.ones(1, dtype=bool), np.ones(1)
    )
    validation, others = music[20:40], music[40:]
    parts = [part for song in validation for part in stretches(song)]
    limits = replace(
        known,
        distance=known.distances([summary(song) for song in validation]),
        whole=8,
        stretches=np.array([segments(part) for part in parts]),
        stretch_distance=known.distances([summary(part) for part in parts]),
    ).limits(UnsureParams(alike=0.95))
    assert [*limits.by_segments] == [8, 4, 2, 1]
    assert limits.distance_of(1) > limits.distance_of(3) == limits.distance_of(2) >= limits.distance_of(9)
    assert limits.distance_of(8) == limits.distance

    short = known.distances([summary([song[0][:1]]) for song in others])
    unlike = [bool(limits.reason(confidence=1.0, distance=one, segments=1)) for one in short]
    assert np.mean(unlike) < 0.2 < np.mean(short > limits.distance)


def test_a_model_that_was_logged_before_has_one_distance_for_all():
    assert certainty().limits(UnsureParams()).distance_of(1) == certainty().limits(UnsureParams()).distance
