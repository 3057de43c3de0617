"""Numbers and names in words."""

from __future__ import annotations

import pytest

from components.core import formatting


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.9, "59.9 s"), (59.99, "1 min 0 s"), (75, "1 min 15 s"), (3660, "1 h 1 min")],
)
def test_durations(seconds, text):
    assert formatting.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (924.2, "15 min 24 s")]
)
def test_durations_that_are_estimates(seconds, text):
    assert formatting.rough_duration(seconds) == text


def test_shares_and_intervals_are_in_percent():
    assert formatting.percent(0.875) == "87.5 %"
    assert formatting.interval({"f1_low": 0.625, "f1_high": 0.94}, "f1") == "62 to 94"


def test_counts_have_a_noun():
    assert [formatting.plural(n, "song") for n in (0, 1, 2)] == ["0 songs", "1 song", "2 songs"]


def test_a_name_may_break_after_an_underscore_and_is_escaped():
    assert formatting.breakable("a_<b>") == "a_<wbr>&lt;b&gt;"


def test_of_many_names_the_first_and_how_many_others():
    assert formatting.some([".wav", ".flac"]) == ".wav, .flac"
    assert formatting.some(["a", "b", "c"], at_most=2) == "a, b and 1 other"
    assert formatting.some("abcd", at_most=2) == "a, b and 2 others"
