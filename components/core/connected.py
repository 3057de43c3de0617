"""Rows of a table that are connected, also through others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def rows(table: pd.DataFrame, *, by: Sequence[str], pairs: np.ndarray | None = None) -> pd.Series:
    """Return a number for each group of connected rows.

    Parameters
    ----------
    table : DataFrame
        Its index names each row once.
    by : sequence of str
        Columns of text whose equal values connect rows; a row where one is '' shares none.
    pairs : ndarray of int, shape (pairs, 2), optional
        Places of rows that are connected besides.

    Returns
    -------
    Series of int
        Index as ``table``: from 0, in order of the groups' first rows.
    """
    import pandas as pd
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = [np.empty((0, 2), dtype=int) if pairs is None else pairs]
    for column in by:
        known = table.loc[table[column] != "", column]
        places = pd.Series(table.index.get_indexer(known.index), index=known.index)
        links.append(np.stack([places.groupby(known).transform("first"), places], axis=1).astype(int))
    left, right = np.concatenate(links).T
    graph = coo_array((np.ones(len(left)), (left, right)), shape=(len(table), len(table)))
    return pd.Series(connected_components(graph, directed=False)[1], index=table.index)
