"""Whether a corpus keeps enough usable tracks of each genre, and enough genres."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from components.core.errors import CorpusError
from components.corpus.discovery import MAX_GENRES


def require_enough(listing: pd.DataFrame, *, name: str, minimum: int, fewest: int = 2) -> None:
    """Fail where a genre keeps fewer usable tracks than ``minimum``, or there are too few or too many genres.

    Parameters
    ----------
    listing : DataFrame
        Columns ``genre`` and ``fault``, unusable tracks included.
    name : str
        What to call it.
    minimum : int
        ``corpus.minimum_tracks``.
    fewest : int
        Least number of genres: 1 where other sources bring more.

    Raises
    ------
    CorpusError
        Naming each such genre, and why its tracks are left out.
    """
    labelled = listing["genre"] != ""
    kept = (listing["fault"] == "").groupby(listing["genre"].where(labelled)).agg(["sum", "size"])
    poor = []
    for genre, (have, tracks) in kept[kept["sum"] < minimum].iterrows():
        faults = listing.loc[(listing["genre"] == genre) & (listing["fault"] != ""), "fault"]
        reasons = Counter(fault.partition(":")[0] for fault in faults)
        named = ", ".join(f"{number} {reason}" for reason, number in reasons.most_common(3))
        why = f" ({named})" if named else ""
        poor.append(f"{genre!r} keeps {have} usable of {tracks} tracks{why}")
    if poor:
        more = f" … and {len(poor) - 5} more genres" if len(poor) > 5 else ""
        raise CorpusError(
            f"{name}: genre {'; '.join(poor[:5])}{more}; corpus.minimum_tracks is {minimum}: "
            "add tracks, remove the genre, or lower it"
        )
    genres = list(kept.index)
    if not fewest <= len(genres) <= MAX_GENRES:
        few = f"one genre only: {genres[0]!r}" if genres else "no usable track of any genre"
        found = few if len(genres) < fewest else len(genres)
        raise CorpusError(f"{name}: {found}; valid: {fewest} to {MAX_GENRES} genres")
