"""Significance: groups of equal models, and p-values adjusted for how many there are."""

from __future__ import annotations

import pytest

from components.evaluation import significance


class TestGroups:
    @staticmethod
    def pairs(*apart: str) -> list[dict]:
        every = ("ab", "ac", "bc", "ad", "bd", "cd")
        return [{"left": two[0], "right": two[1], "apart": two in apart} for two in every]

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
