"""Songs of each genre, from the listing to the parts of the split: what was left out on the way, by genre."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: What is counted, in order: songs that were listed, those that every form of the corpus can use, and each part's.
STEPS = ("listed", "usable", "train", "validation", "test")


def by_genre(
    listings: Sequence[pd.DataFrame], *, usable: pd.DataFrame, split: pd.DataFrame
) -> dict[str, dict[str, int]]:
    """Count songs by genre.

    Parameters
    ----------
    listings : sequence of DataFrame
        One a form of the corpus, unusable tracks included: columns ``track``, ``genre``. Rows without a genre, such as
        a file without a label, are not counted.
    usable : DataFrame
        The tracks that can be used: columns ``track``, ``genre``.
    split : DataFrame
        A split table, see :mod:`components.splits`; under ``fault_filtered`` it holds fewer tracks than are usable.

    Returns
    -------
    dict of str to dict of str to int
        By genre, sorted, and by the names of :data:`STEPS`. Under protocol ``segment`` a song counts in each part that
        has segments of it.
    """
    import pandas as pd

    rows = pd.concat([listing[["track", "genre"]] for listing in listings]).drop_duplicates()
    listed = rows[rows["genre"] != ""].groupby("genre")["track"].nunique()
    kept = usable.groupby("genre")["track"].nunique()
    placed = split.groupby(["part", "genre"])["track"].nunique()
    steps = {"listed": listed, "usable": kept}
    steps |= {part: placed.get(part, pd.Series(dtype=int)) for part in STEPS[2:]}
    table = pd.DataFrame({name: steps[name].reindex(listed.index) for name in STEPS}).fillna(0).astype(int)
    return {
        str(genre): {str(name): int(count) for name, count in row.items()}
        for genre, row in table.sort_index().iterrows()
    }
