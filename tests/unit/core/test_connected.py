"""Connected rows: by equal values and by pairs, also through others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from components.core import connected

TABLE = pd.DataFrame(
    {"file": ["a", "b", "a", "c", "d"], "artist": ["", "x", "x", "", ""]}, index=[9, 7, 5, 3, 1]
)


def test_rows_are_connected_through_others() -> None:
    found = connected.rows(TABLE, by=["file", "artist"])
    assert found.to_dict() == {9: 0, 7: 0, 5: 0, 3: 1, 1: 2}


def test_what_is_empty_connects_nothing() -> None:
    assert connected.rows(TABLE, by=["artist"]).tolist() == [0, 1, 1, 2, 3]


def test_pairs_connect_rows_by_their_places() -> None:
    pairs = np.array([[0, 3], [3, 4]])
    assert connected.rows(TABLE, by=["artist"], pairs=pairs).tolist() == [0, 1, 1, 0, 0]
    assert connected.rows(TABLE.head(0), by=["artist"]).empty
