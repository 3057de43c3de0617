"""Leak checks of a split table: each raises :class:`components.core.errors.LeakError`.

The same song, or one known to repeat it or to be by the same artist, must not be in two parts. What must hold of
feature values and fitted models is checked in :mod:`components.results.leakage`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.core.errors import LeakError

if TYPE_CHECKING:
    import pandas as pd


def check_groups(table: pd.DataFrame) -> None:
    """Fail where tracks that belong together are on two sides.

    Parameters
    ----------
    table : DataFrame
        Columns ``track``, ``group``, ``part``.

    Raises
    ------
    LeakError
        Naming the first such group's tracks.
    """
    sides = table.groupby("group")["part"].nunique()
    for group in sides[sides > 1].index:
        torn = table[table["group"] == group]
        names = ", ".join(f"{row.track} in {row.part}" for row in torn.itertuples())
        raise LeakError(f"identical or same-artist tracks are on two sides of the split: {names}")


def check_split(table: pd.DataFrame, *, protocol: str) -> None:
    """Fail where a row is in two parts or, but for protocol ``segment``, a song is.

    Parameters
    ----------
    table : DataFrame
        A split table.
    protocol : str
        The protocol it was made under.

    Raises
    ------
    LeakError
        Naming a track that is on two sides.
    """
    rows = table.duplicated(["unit", "track", "segment"])
    if rows.any():
        raise LeakError(f"track {table.loc[rows, 'track'].iloc[0]!r} is in the split twice")
    sides = table.groupby("track")["part"].nunique()
    torn = sides[sides > 1]
    if len(torn) and protocol != "segment":
        raise LeakError(f"{len(torn)} songs are on two sides of the split, among them {torn.index[0]!r}")
