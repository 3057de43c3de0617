"""Accuracies, F1, recall and calibration of predictions, against scikit-learn."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from sklearn.metrics import f1_score, log_loss

from components.core.errors import PredictionsError
from components.evaluation import aggregation, metrics
from tests.unit.evaluation.tables import GENRES, random_table, table


def evaluate(frame: pd.DataFrame, *, seed: int = 1) -> dict[str, float]:
    return metrics.evaluate(frame, genres=GENRES, part="test", seed=seed)


def test_measures_agree_with_scikit_learn_on_a_random_table():
    frame = random_table(songs=60, segments=4, skill=1.5, seed=3)
    measured = evaluate(frame)
    songs = aggregation.songs(frame)
    truth = songs["genre"].to_numpy(dtype=object)
    named = songs["predicted"].to_numpy(dtype=object)
    values = frame[[f"probability.{genre}" for genre in GENRES]].to_numpy()
    assert measured["song_accuracy"] == pytest.approx((truth == named).mean())
    assert measured["macro_f1"] == pytest.approx(f1_score(truth, named, average="macro"))
    assert measured["log_loss"] == pytest.approx(
        log_loss(frame["genre"].to_numpy(dtype=object), values, labels=GENRES)
    )
    assert measured["segment_accuracy"] == pytest.approx((frame["genre"] == frame["predicted"]).mean())
    assert (measured["songs"], measured["segments"]) == (60, 240)


def test_every_number_is_finite_and_the_same_seed_gives_the_same_numbers():
    frame = random_table(songs=20, segments=3, skill=1.0, seed=4)
    first, second = evaluate(frame), evaluate(frame)
    assert first == second
    assert all(isinstance(value, float) and math.isfinite(value) for value in first.values())
    assert evaluate(frame, seed=2)["song_accuracy"] == first["song_accuracy"]


def test_the_order_of_rows_changes_nothing():
    frame = random_table(songs=20, segments=3, skill=1.0, seed=4)
    shuffled = frame.sample(frac=1.0, random_state=0)
    assert evaluate(shuffled) == pytest.approx(evaluate(frame), abs=1e-12)


def test_intervals_hold_the_estimate_and_narrow_with_more_songs():
    few = evaluate(random_table(songs=15, segments=4, skill=1.5, seed=5))
    many = evaluate(random_table(songs=300, segments=4, skill=1.5, seed=5))
    for measured in (few, many):
        assert measured["song_accuracy_low"] <= measured["song_accuracy"] <= measured["song_accuracy_high"]
    width = [row["song_accuracy_high"] - row["song_accuracy_low"] for row in (few, many)]
    assert width[1] < width[0] / 2


def test_the_segment_interval_resamples_songs_so_more_segments_of_the_same_songs_do_not_narrow_it():
    one = random_table(songs=30, segments=1, skill=1.2, seed=6)
    copies = pd.concat([one.assign(segment=number) for number in range(10)])
    single, tenfold = evaluate(one), evaluate(copies)
    assert tenfold["segment_accuracy_low"] == pytest.approx(single["segment_accuracy_low"])
    assert tenfold["segment_accuracy_high"] == pytest.approx(single["segment_accuracy_high"])


def test_all_songs_right_is_not_certainty():
    frame = table([(f"s{n}", "rock", [0.0, 0.0, 1.0]) for n in range(10)])
    measured = evaluate(frame)
    assert measured["song_accuracy"] == 1.0
    # Clopper-Pearson for 10 of 10: 0.025 ** (1 / 10).
    assert measured["song_accuracy_low"] == pytest.approx(0.025**0.1)
    assert measured["song_accuracy_high"] == 1.0


def test_a_sure_mistake_costs_a_finite_log_loss():
    measured = evaluate(table([("a", "jazz", [1.0, 0.0, 0.0]), ("b", "rock", [0.0, 0.0, 1.0])]))
    assert measured["log_loss"] == pytest.approx(-math.log(1e-7) / 2)


def test_recall_is_given_for_the_genres_that_have_songs_and_left_out_for_those_that_have_none():
    measured = evaluate(table([("a", "jazz", [0.9, 0.1, 0.0]), ("b", "jazz", [0.1, 0.9, 0.0])]))
    assert measured["recall.jazz"] == 0.5
    assert "recall.rock" not in measured


def test_a_calibrated_model_has_no_calibration_error_and_a_boaster_has_much():
    named = [0.8, 0.2, 0.0]
    calibrated = table([(f"s{n}", "blues" if n < 8 else "jazz", named) for n in range(10)])
    boaster = table([(f"s{n}", "blues" if n < 5 else "jazz", [1.0, 0.0, 0.0]) for n in range(10)])
    assert evaluate(calibrated)["ece"] == pytest.approx(0.0, abs=1e-12)
    assert evaluate(boaster)["ece"] == pytest.approx(0.5)


def test_reliability_counts_each_prediction_once():
    frame = random_table(songs=40, segments=2, skill=1.0, seed=8)
    bins = metrics.reliability(frame, genres=GENRES)
    assert bins["count"].sum() == 80
    assert ((bins["low"] < bins["confidence"]) & (bins["confidence"] <= bins["high"])).all()


def test_confusion_counts_songs_by_actual_and_songs_genre():
    frame = table([("a", "jazz", [0.9, 0.1, 0.0]), ("b", "jazz", [0.1, 0.9, 0.0]), ("c", "rock", [0, 0, 1])])
    counts = metrics.confusion(frame, genres=GENRES, part="test")
    assert counts.loc["jazz"].to_list() == [1, 1, 0]
    assert counts.to_numpy().sum() == 3


def test_one_song_is_enough():
    measured = evaluate(table([("a", "jazz", [0.0, 1.0, 0.0])]))
    assert measured["song_accuracy"] == 1.0


def test_tables_of_whole_tracks_are_songs_of_one_segment():
    frame = random_table(songs=30, segments=1, skill=1.0, seed=9).assign(segment=-1)
    measured = evaluate(frame)
    assert measured["segment_accuracy"] == measured["song_accuracy"]


class TestBadInput:
    @pytest.mark.parametrize("column", ["part", "track", "genre", "predicted", "probability.rock"])
    def test_a_missing_column_is_named(self, column):
        frame = random_table(songs=3, segments=1, skill=1.0, seed=1).drop(columns=column)
        with pytest.raises(PredictionsError, match=rf"lack.* {column}"):
            evaluate(frame)

    def test_an_unknown_part_is_named_with_those_that_are_there(self):
        frame = random_table(songs=3, segments=1, skill=1.0, seed=1)
        with pytest.raises(PredictionsError, match="'train' has no predictions; valid: test"):
            metrics.evaluate(frame, genres=GENRES, part="train", seed=1)

    def test_a_genre_without_a_probability_is_named(self):
        frame = random_table(songs=3, segments=1, skill=1.0, seed=1).assign(genre="polka")
        with pytest.raises(PredictionsError, match="'polka'; valid: blues, jazz, rock"):
            evaluate(frame)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.5])
    def test_a_value_that_is_no_probability_is_refused(self, value):
        frame = random_table(songs=3, segments=1, skill=1.0, seed=1)
        frame.loc[0, "probability.rock"] = value
        with pytest.raises(PredictionsError, match="not finite or below 0"):
            evaluate(frame)

    def test_rows_that_do_not_sum_to_one_are_refused(self):
        frame = random_table(songs=3, segments=1, skill=1.0, seed=1)
        frame.loc[0, "probability.rock"] += 0.5
        with pytest.raises(PredictionsError, match="sum to 1"):
            evaluate(frame)

    def test_a_track_of_two_genres_is_named(self):
        with pytest.raises(PredictionsError, match="track 'a' has 2 genres"):
            evaluate(table([("a", "jazz", [0, 1, 0]), ("a", "rock", [0, 1, 0])]))

    def test_an_empty_table_is_refused(self):
        with pytest.raises(PredictionsError, match="no rows"):
            evaluate(random_table(songs=3, segments=1, skill=1.0, seed=1).iloc[:0])
