"""Leaks planted in a split table are caught."""

from __future__ import annotations

import pandas as pd
import pytest

from components.config.params import Params
from components.core.errors import LeakError
from components.splits import folds, leakage


@pytest.fixture
def table(tracks: pd.DataFrame, demo_params: Params) -> pd.DataFrame:
    return folds.make(tracks, params=demo_params)


def test_a_song_on_two_sides(table: pd.DataFrame) -> None:
    row = table.index[(table["unit"] == "segment") & (table["part"] == "test")][0]
    table.loc[row, "part"] = "train"
    with pytest.raises(LeakError, match=table.loc[row, "track"]):
        leakage.check_split(table, protocol="track")
    leakage.check_split(table, protocol="segment")


def test_a_row_twice(table: pd.DataFrame) -> None:
    with pytest.raises(LeakError, match="twice"):
        leakage.check_split(pd.concat([table, table.tail(1)]), protocol="segment")


def test_a_group_on_two_sides() -> None:
    table = pd.DataFrame({"track": ["a", "b", "c"], "group": [0, 0, 1], "part": ["train", "test", "train"]})
    with pytest.raises(LeakError, match="a in train, b in test"):
        leakage.check_groups(table)
