"""The block ``validation``."""

from __future__ import annotations

import pytest

from components.core.errors import ParamsError
from components.validation.limits import ValidationParams, parse


def test_nothing_given_is_the_default() -> None:
    assert parse({}) == ValidationParams()


@pytest.mark.parametrize(
    ("block", "named"),
    [
        ({"max_duplicates": 3}, r"validation\.max_duplicates"),
        ({"max_duplicate_share": 1.5}, r"validation\.max_duplicate_share is 1\.5"),
    ],
)
def test_unknown_and_impossible_limits_are_refused(block: dict, named: str) -> None:
    with pytest.raises(ParamsError, match=named):
        parse(block)
