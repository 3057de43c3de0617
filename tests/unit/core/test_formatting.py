"""Numbers as people read them."""

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
    ("number", "text"), [(0, "0"), (999, "999"), (1000, "1 k"), (999_700, "1 M"), (1_234_567, "1.23 M")]
)
def test_counts(number, text):
    assert formatting.count(number) == text


@pytest.mark.parametrize(("number", "text"), [(512, "512 B"), (1536, "1.5 KiB"), (1023 * 1024, "1023 KiB")])
def test_sizes(number, text):
    assert formatting.size(number) == text


def test_lists_of_names():
    assert formatting.listed(["a"]) == "a"
    assert formatting.listed(["a", "b"]) == "a and b"
    assert formatting.listed(["a", "b", "c"]) == "a, b and c"


def test_a_name_may_break_after_an_underscore_and_is_escaped():
    assert formatting.breakable("a_<b>") == "a_<wbr>&lt;b&gt;"
