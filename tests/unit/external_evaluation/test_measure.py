"""Figures of evaluated songs, by values that follow from their definitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from components.evaluation import bootstrap, clusters
from components.external_evaluation import measure

GENRES = ["blues", "jazz"]


def songs(right: str, *, artists: list[str] | None = None, genre: str = "jazz") -> pd.DataFrame:
    """One song a letter: right where it is 1, of two segments, of which one is right."""
    table = pd.DataFrame(
        {
            "track": [f"s{place}" for place in range(len(right))],
            "genre": genre,
            "predicted": [genre if one == "1" else GENRES[genre == "blues"] for one in right],
            "correct": [one == "1" for one in right],
            "top2": True,
            "confidence": 0.8,
            "segments": 2,
            "segments_correct": 1,
            "artist_key": artists or [""] * len(right),
            "group": "new_artists",
        }
    )
    for name in GENRES:
        table[f"probability.{name}"] = np.where(table["predicted"] == name, 0.8, 0.2)
    return table.assign(cluster=clusters.of(table["track"], artists=table["artist_key"]))


def test_figures_of_a_group() -> None:
    table = pd.concat([songs("1110"), songs("10", genre="blues")], ignore_index=True)
    found = measure.figures(table, genres=GENRES, seed=1)
    assert (found.songs, found.segments, found.segment_accuracy) == (6, 12, 0.5)
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.balanced_accuracy == pytest.approx((3 / 4 + 1 / 2) / 2)
    # Precision and recall: jazz 3/4 and 3/4, blues 1/2 and 1/2.
    assert found.macro_f1 == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert found.ece == pytest.approx(0.8 - 4 / 6)
    assert found.accuracy_low < found.accuracy < found.accuracy_high


def test_intervals_are_over_artists_where_they_are_known() -> None:
    right = "1111111111" + "0000000000"
    apart = measure.figures(songs(right), genres=GENRES, seed=1)
    together = measure.figures(songs(right, artists=["Ann"] * 10 + ["Bo"] * 10), genres=GENRES, seed=1)
    some = measure.figures(songs("10", artists=["Ann", ""]), genres=GENRES, seed=1)
    assert (apart.drawn, together.drawn, some.drawn) == ("songs", "artists", "artists, and songs without one")
    assert (apart.artists, together.artists, some.artists) == (0, 2, 1)
    # Two artists, one all right, one all wrong: every share from none to all is drawn.
    assert (together.accuracy_low, together.accuracy_high) == (0, 1)
    assert apart.accuracy_low > 0.2
    expected = bootstrap.accuracy(np.array([1.0] * 10 + [0.0] * 10), np.ones(20), seed=1)
    assert (apart.accuracy_low, apart.accuracy_high) == pytest.approx(expected, abs=0.03)


def test_genres_have_recall_and_precision() -> None:
    table = pd.concat([songs("1100"), songs("1", genre="blues")], ignore_index=True)
    found = measure.by_genre(table, seed=1)
    assert list(found) == ["blues", "jazz"]
    assert (found["jazz"].right, found["jazz"].songs, found["jazz"].recall, found["jazz"].precision) == (
        2,
        4,
        0.5,
        1,
    )
    assert found["blues"].precision == pytest.approx(1 / 3)
    assert measure.by_genre(songs("00"), seed=1)["jazz"].precision is None


def test_the_confusion_counts_every_song_once() -> None:
    counts = measure.confusion(songs("110"), genres=[*GENRES, "rock"])
    assert counts["jazz"] == {"blues": 1, "jazz": 2, "rock": 0}
    assert sum(counts["rock"].values()) == 0


def test_groups_without_songs_are_not_there() -> None:
    table = songs("10").assign(group=["new_artists", "trained_songs"])
    found = measure.by_group(table, genres=GENRES, seed=1)
    assert {name: figures.accuracy for name, figures in found.items()} == {
        "new_artists": 1,
        "trained_songs": 0,
    }


def record(accuracy: float) -> dict[str, float]:
    """Metrics of a training run."""
    ends = {f"{measure.RECORD}_{end}": accuracy for end in ("low", "high")}
    return {measure.RECORD: accuracy, measure.RECORD_SONGS: 20.0, **ends}


class TestTheHeadlineOfTheTraining:
    def test_the_difference_is_in_points(self) -> None:
        found = measure.gap(songs("1100"), run_metrics=record(0.761), without=[])
        assert found is not None and found.points == pytest.approx(26.1)
        assert found.sentence == "headline 76.1 (record) − 50.0 here = 26.1 points"

    def test_genres_that_it_leaves_out_do_not_count_here(self) -> None:
        table = pd.concat([songs("11"), songs("00", genre="blues")])
        found = measure.gap(table, run_metrics=record(1.0), without=["blues"])
        assert found is not None and (found.here, found.here_songs, found.points) == (1.0, 2, 0.0)
        assert "record: 20 songs, 100 to 100; here: 2; without blues" in found.about

    def test_without_one_there_is_no_difference(self) -> None:
        assert measure.gap(songs("1"), run_metrics={}, without=[]) is None
        assert measure.gap(songs("1"), run_metrics=record(1.0), without=["jazz"]) is None
