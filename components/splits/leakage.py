"""Guards against leaks: each stops the run that it finds one in, by a :class:`components.core.errors.LeakError`.

Which guard stops which leak: the same song, or one known to repeat it or to be by the same artist, in two parts
(:func:`guard_split`, :func:`guard_groups`); equal rows under other names (:func:`components.training.dataset.guard_equal_rows`);
test rows that were fitted on, stopped at or chosen by (:func:`guard_parts`); a scaler, principal components or label
order that saw more than the rows fitted on (:func:`guard_preparation`); a champion asked about songs it was fitted
on (:func:`guard_champion`). A model that was fitted before is refused by :func:`components.training.fit.fit`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from components.core.errors import LeakError

if TYPE_CHECKING:
    pass

#: How far adapted weights may lie from those of the rows fitted on, relative to their largest: the same sums in
#: another order differ in the last bits of float32.
TOLERANCE = 1e-4


def guard_groups(table: pd.DataFrame) -> None:
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


def guard_split(table: pd.DataFrame, *, protocol: str) -> None:
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
        raise LeakError(f"track {table.loc[rows, 'track'].iloc[0]!r} is dealt twice")
    if protocol == "segment":
        return
    sides = table.groupby("track")["part"].nunique()
    torn = sides[sides > 1]
    if len(torn):
        raise LeakError(f"{len(torn)} songs are on two sides of the split, among them {torn.index[0]!r}")
