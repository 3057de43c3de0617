"""Significance: pairs and groups of equal models, and p-values adjusted for how many there are."""

from __future__ import annotations

import pandas as pd
import pytest

from components.core.errors import PredictionsError
from components.evaluation import aggregation, significance
from components.evaluation.pair import Pair
from tests.support.pairs import pair
from tests.unit.evaluation.tables import random_table, table


class TestGroups:
    @staticmethod
    def pairs(*apart: str) -> list[Pair]:
        every = ("ab", "ac", "bc", "ad", "bd", "cd")
        return [pair(*two, apart=two in apart) for two in every]

    def test_all_equal_are_one_group(self):
        assert significance.groups("abcd", pairs=self.pairs()) == [["a", "b", "c", "d"]]

    def test_all_different_are_none(self):
        assert significance.groups("abcd", pairs=self.pairs("ab", "ac", "bc", "ad", "bd", "cd")) == []

    def test_being_equal_does_not_carry_over(self):
        assert significance.groups("abcd", pairs=self.pairs("ac", "ad", "bd")) == [
            ["a", "b"],
            ["b", "c"],
            ["c", "d"],
        ]


def test_holm_s_adjustment_is_that_of_the_textbook():
    assert significance.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert significance.holm([0.9, 0.8]) == [1.0, 1.0]
    assert significance.holm([]) == []


class TestPaired:
    def test_a_model_and_itself_cannot_be_told_apart(self):
        frame = random_table(songs=16, segments=3, skill=1.0, seed=1)
        pair = significance.paired(frame, frame, seed=1, names=("mlp", "yamnet"))
        assert (pair.difference, pair.low, pair.high, pair.p_value) == (0.0, 0.0, 0.0, 1.0)
        assert not pair.apart
        assert pair.sentence == "mlp and yamnet cannot be told apart on 16 songs."

    def test_a_far_better_model_is_told_apart_whichever_side_it_is_on(self):
        good = random_table(songs=60, segments=3, skill=6.0, seed=1)
        poor = random_table(songs=60, segments=3, skill=0.0, seed=2)
        ahead = significance.paired(good, poor, seed=1, names=("good", "poor"))
        behind = significance.paired(poor, good, seed=1, names=("poor", "good"))
        assert ahead.apart and behind.apart
        assert 0 < ahead.low <= ahead.difference <= ahead.high
        assert ahead.sentence.startswith("good names ")
        assert behind.sentence.startswith("good names ")

    def test_the_p_value_is_mcnemars(self):
        right, wrong = [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]
        left = table([(f"s{n}", "jazz", right) for n in range(8)])
        other = table([(f"s{n}", "jazz", wrong if n < 6 else right) for n in range(8)])
        pair = significance.paired(left, other, seed=1)
        assert (pair.left_only, pair.right_only) == (6, 0)
        assert pair.p_value == pytest.approx(2 * 0.5**6)

    def test_it_takes_segments_and_aggregated_songs_alike(self):
        left = random_table(songs=20, segments=3, skill=2.0, seed=1)
        right = random_table(songs=20, segments=3, skill=0.5, seed=2)
        aggregated = significance.paired(aggregation.songs(left), aggregation.songs(right), seed=1)
        assert aggregated == significance.paired(left, right, seed=1)

    def test_songs_that_only_one_model_has_do_not_count_and_are_counted(self):
        frame = random_table(songs=10, segments=2, skill=1.0, seed=1)
        pair = significance.paired(frame, frame[frame["track"] != "s000"], seed=1)
        assert (pair.songs, pair.unshared) == (9, 1)

    def test_no_common_song_is_an_error(self):
        with pytest.raises(PredictionsError, match="share no song"):
            significance.paired(table([("a", "jazz", [0, 1, 0])]), table([("b", "jazz", [0, 1, 0])]), seed=1)

    def test_songs_whose_genre_differs_are_an_error_that_names_the_track(self):
        with pytest.raises(PredictionsError, match=r"'a' is 'jazz' for left and 'rock' for right"):
            significance.paired(table([("a", "jazz", [0, 1, 0])]), table([("a", "rock", [0, 1, 0])]), seed=1)

    def test_the_part_must_be_named_where_there_are_several(self):
        rows = [("a", "jazz", [0, 1, 0])]
        both = pd.concat([table(rows), table(rows, part="validation")])
        with pytest.raises(PredictionsError, match="valid: one of them"):
            significance.paired(both, both, seed=1)
        assert significance.paired(both, both, seed=1, part="validation").songs == 1
