"""Files that follow each other in one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from components.corpus.contents import beginnings, window
from components.corpus.contents.found import Contents
from tests.unit.corpus.contents.conftest import encoded

FORMS = ("WAV", "AIFF", "AU", "CAF", "W64", "RF64")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("count", [1, 3])
def test_each_after_the_first_is_found(of: Callable[..., Contents], form: str, count: int) -> None:
    content = encoded(form)
    expected = tuple(len(content) * number for number in range(1, count))
    assert of(content * count, form=form).parts == expected


def test_one_that_begins_across_two_stretches_is_found_once(of: Callable[..., Contents]) -> None:
    content = encoded("CAF")
    for before in range(window.WINDOW - 20, window.WINDOW + 20):
        first = content.ljust(before, b"\1")
        assert of(first + content, form="CAF").parts == (before,)


def test_not_more_are_looked_for_than_are_decoded(of: Callable[..., Contents]) -> None:
    assert len(of(encoded("CAF")[:100] * 200, form="CAF").parts) == beginnings.MOST
