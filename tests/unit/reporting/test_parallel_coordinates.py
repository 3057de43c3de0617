"""Trials of a search: values scaled to their space, failed trials drawn, importance with its limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from components.config.search_space import Boolean, Choice, FloatRange, IntRange
from components.core import palette
from components.reporting import parallel_coordinates, svg

SEARCH = {
    "units": IntRange(type="int", low=32, high=512, step=32),
    "rate": FloatRange(type="float", low=0.0001, high=0.01, sampling="log"),
    "activation": Choice(type="choice", values=["relu", "tanh"]),
    "dropout": Boolean(type="boolean"),
}


def trials(count: int, *, seed: int = 1) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "trial": [f"{n:02d}" for n in range(count)],
            "units": generator.integers(1, 17, count) * 32,
            "rate": 10 ** generator.uniform(-4, -2, count),
            "activation": generator.choice(["relu", "tanh"], count),
            "dropout": generator.choice([True, False], count),
            "standardise": True,
        }
    )
    table["score"] = 0.3 + 0.6 * table["units"] / 512
    return table


def test_only_what_was_searched_has_an_axis():
    drawn = parallel_coordinates.draw(trials(3), search=SEARCH, colour="#000000", study=None)
    texts = {text.get_text() for text in drawn.axes[0].texts}
    assert texts > {"units", "rate", "activation", "dropout", "score"}
    assert "standardise" not in texts


@pytest.mark.parametrize(
    ("name", "values", "heights"),
    [
        ("units", [32, 272, 512], [0, 0.5, 1]),
        ("rate", [0.0001, 0.001, 0.01], [0, 0.5, 1]),
        ("activation", ["relu", "tanh"], [0, 1]),
        ("dropout", [False, True], [0, 1]),
    ],
)
def test_values_are_placed_within_their_search_space(name, values, heights):
    placed, _ = parallel_coordinates.place(pd.Series(values), space=SEARCH[name])
    assert placed == pytest.approx(heights)


def test_numbers_to_choose_from_are_placed_in_order_whatever_order_they_are_listed_in():
    rates = Choice(type="choice", values=[0.01, 0.0001, 0.001])
    placed, ticks = parallel_coordinates.place(pd.Series([0.0001, 0.001, 0.01]), space=rates)
    assert placed == pytest.approx([0, 0.5, 1])
    assert list(ticks) == ["0.0001", "0.001", "0.01"]


def test_importance_finds_the_one_that_matters():
    found = parallel_coordinates.importance(trials(40), search=SEARCH, seed=1)
    assert next(iter(found.shares)) == "units"
    assert found.shares["units"] > 0.8
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert found.reason.startswith("They explain")


def test_importance_of_pure_chance_says_to_read_little_into_it():
    table = trials(20)
    table["score"] = np.random.default_rng(2).random(20)
    assert "read little into it" in parallel_coordinates.importance(table, search=SEARCH, seed=1).reason


def test_importance_needs_trials_and_says_how_many_there_are():
    found = parallel_coordinates.importance(trials(9), search=SEARCH, seed=1)
    assert found.shares == {}
    assert "there are 9" in found.reason


def test_equal_scores_have_no_importance():
    found = parallel_coordinates.importance(trials(12).assign(score=0.5), search=SEARCH, seed=1)
    assert (found.shares, "same score" in found.reason) == ({}, True)


def picture(table: pd.DataFrame) -> str:
    drawn = parallel_coordinates.draw(table, search=SEARCH, colour=palette.model(0), study="00")
    return svg.inline(drawn, label="trials")


def test_a_failed_trial_is_drawn_and_called_failed():
    table = trials(4)
    table.loc[2, "score"] = np.nan
    assert "trial 3: failed" in picture(table)


def test_equal_scores_are_drawn_at_one_height():
    assert picture(trials(3).assign(score=0.5)).count("50.0 %") == 4


def test_the_same_trials_give_the_same_picture():
    assert picture(trials(5)) == picture(trials(5))
