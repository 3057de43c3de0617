"""Two models on the same songs: when they can be told apart, and the record on disk."""

from __future__ import annotations

import pytest

from components.evaluation.pair import SIGNIFICANCE, Pair
from tests.support.pairs import pair


@pytest.mark.parametrize(
    ("changes", "apart"),
    [
        ({}, True),
        ({"p_adjusted": SIGNIFICANCE}, False),  # p_value alone, before adjustment, does not count
        ({"low": -0.01}, False),
    ],
)
def test_both_the_adjusted_test_and_the_interval_must_tell_them_apart(
    changes: dict[str, float], apart: bool
) -> None:
    assert pair("mlp", "lstm", apart=True).model_copy(update=changes).apart is apart


@pytest.mark.parametrize("apart", [True, False])
def test_its_json_has_verdict_and_sentence_and_comes_back(apart: bool) -> None:
    found = pair("mlp", "lstm", apart=apart)
    document = found.model_dump(mode="json")
    assert (document["apart"], document["sentence"]) == (apart, found.sentence)
    assert Pair.model_validate(document) == found
