"""What limits a model's figures: every mark has its words, and the report adds what changes it."""

from __future__ import annotations

from components.reporting.limits import LIMITS, Limit
from components.results import record


def test_every_mark_has_its_words() -> None:
    marks = {
        record.ARTISTS_ON_BOTH_SIDES,
        record.ARTISTS_UNKNOWN,
        record.COMPOSED,
        record.LEAKY,
        record.UNTRAINED,
    }
    assert set(LIMITS) == marks


def test_a_note_ends_with_the_remedy_where_there_is_one() -> None:
    assert Limit("Leaky", "too good").note == str(Limit("Leaky", "too good")) == "Leaky: too good."
    limit = Limit("Leaky", "too good", "split.protocol track mends it")
    assert (str(limit), limit.note) == ("Leaky: too good.", "Leaky: too good; split.protocol track mends it.")
