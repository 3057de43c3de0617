"""Measures of whether rows and labels belong together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from components.validation import scan
from components.validation.signal import few, label_signal, repeats, separation, similarity, spread

GENRES = np.repeat(["a", "b", "c", "d"], 20)


def clusters(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.repeat(rng.normal(0, 1, (4, 10)), 20, axis=0) + rng.normal(0, 1, (80, 10))


def test_genres_that_differ_are_told_apart() -> None:
    accuracy, needed = label_signal(clusters(), GENRES, margin=0.05)
    assert accuracy > 0.8 > needed > 0.25


@pytest.mark.parametrize("seed", range(10))
def test_shuffled_labels_are_not(seed: int) -> None:
    labels = np.random.default_rng(seed).permutation(GENRES)
    accuracy, needed = label_signal(clusters(seed), labels, margin=0.05)
    assert accuracy < needed


def test_more_is_asked_of_fewer_tracks_but_never_the_impossible() -> None:
    few = label_signal(clusters()[::5], GENRES[::5], margin=0.05)[1]
    many = label_signal(np.tile(clusters(), (20, 1)), np.tile(GENRES, 20), margin=0.05)[1]
    assert many == pytest.approx(0.25 + 0.05)
    assert many < few <= 0.625


@pytest.mark.parametrize("seed", range(5))
def test_a_few_tracks_that_a_rule_hardly_tells_apart_are_far_from_any_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weak = np.repeat(0.7 * rng.normal(0, 1, (4, 20)), 8, axis=0) + rng.normal(0, 1, (32, 20))
    labels = GENRES.reshape(4, 20)[:, :8].ravel()
    assert few(labels, margin=0.05)
    ratio, needed = separation(weak, labels)
    assert ratio > needed
    shuffled, limit = separation(weak, rng.permutation(labels))
    assert shuffled < limit


def test_many_tracks_and_a_handful_are_asked_by_the_rule() -> None:
    assert not few(np.tile(GENRES, 60), margin=0.05)
    assert not few(np.array(["a", "a", "a", "b", "b", "b"]), margin=0.05)


def test_one_track_of_a_genre_cannot_be_measured() -> None:
    assert np.isnan(label_signal(clusters()[:21], GENRES[:21], margin=0.05)[0])


def test_similarity_is_one_for_equal_and_zero_for_unrelated_tracks() -> None:
    assert similarity(np.ones((5, 3))) == pytest.approx(1.0)
    assert similarity(np.eye(4)) == pytest.approx(0.0)
    assert spread(np.ones((5, 3))) == 0.0


def test_repeats_tell_within_across_and_conflict_apart() -> None:
    rows = pd.DataFrame(
        {
            "track": ["x", "x", "y", "z"],
            "genre": ["a", "a", "a", "b"],
            "digest": ["1", "1", "1", "1"],
        }
    )
    assert repeats(rows).to_numpy().tolist() == [
        [False, False, False],
        [True, False, False],
        [False, True, False],
        [False, True, True],
    ]


def test_a_scan_in_pieces_is_a_scan_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=(31, 4, 5)).astype(np.float32)
    values[3, 1, 2], values[7] = np.nan, values[6]
    tracks = np.array([f"t{number // 3}" for number in range(31)], dtype=object)
    whole = scan.scan(values, tracks=tracks)
    monkeypatch.setattr(scan, "PIECE_BYTES", 200)
    pieced = scan.scan(values, tracks=tracks)
    pd.testing.assert_frame_equal(whole.rows, pieced.rows)
    pd.testing.assert_frame_equal(whole.columns, pieced.columns)
    assert whole.profiles == pytest.approx(pieced.profiles)
    assert whole.columns["not_finite"].tolist() == [0, 0, 1, 0, 0]
    assert whole.columns["maximum"].to_numpy() == pytest.approx(np.nanmax(values, axis=(0, 1)))


def test_coherence_is_high_within_songs_and_none_between_strangers() -> None:
    rng = np.random.default_rng(0)
    tracks = np.repeat([f"t{number:02d}" for number in range(40)], 5)
    songs = np.repeat(rng.normal(size=(40, 3)), 5, axis=0) + 0.5 * rng.normal(size=(200, 3))
    together = scan.scan(songs.astype(np.float32), tracks=tracks).coherence
    apart = scan.scan(rng.permutation(songs).astype(np.float32), tracks=tracks).coherence
    assert together is not None and apart is not None
    assert together.min() > 0.7
    assert np.abs(apart).max() < 0.2


def test_equal_values_in_rows_sorted_by_genre_tell_no_genres_apart() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.array(["blues", "jazz", "rock"], dtype=object), 10)
    sparse = np.maximum(rng.normal(-1.0, 1.0, (30, 400)), 0.0)
    ratio, needed = separation(sparse, labels)
    assert ratio < needed


@pytest.mark.parametrize("colours", [1, 3, 4])
def test_a_picture_is_described_line_by_line_in_as_many_colours_as_it_has(colours: int) -> None:
    grey = np.random.default_rng(0).normal(size=(7, 8, 9, 1)).astype(np.float32)
    profile = scan.profile(np.repeat(grey, colours, axis=3))
    assert profile.shape == (7, 2 * 8)
    np.testing.assert_allclose(profile, scan.profile(grey), rtol=1e-6)


def test_views_of_a_sequence_are_described_as_one_longer_sequence() -> None:
    views = np.random.default_rng(0).normal(size=(7, 3, 4, 5)).astype(np.float32)
    np.testing.assert_array_equal(scan.profile(views), scan.profile(views.reshape(7, 12, 5)))
