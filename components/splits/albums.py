"""Albums on one side of a split, and compilations where that leaves enough to divide."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: The share of a genre's tracks that compilations may tie into one group: half of a fold of five. Each artist of a
#: compilation is on others, and all of a genre would hang together by them.
MOST = 0.1


def kept_whole(tracks: pd.DataFrame, *, groups: pd.Series) -> tuple[pd.Series, list[str]]:
    """Tie the tracks of each album together, as far as a genre can still be divided.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``genre``, ``album`` ('' where it is not known).
    groups : Series of int
        A number for each group of tracks that is kept on one side without albums.

    Returns
    -------
    groups : Series of int
        The same with albums: of groups that are tied, the least number. An album within one group ties nothing; of the
        others smaller ones go first, and one that would tie more than :data:`MOST` of a genre's tracks (at the least
        three) together is not kept.
    not_kept : list of str
        Albums that may be on two sides, sorted.
    """
    from scipy.cluster.hierarchy import DisjointSet

    tied = DisjointSet(groups.unique().tolist())
    sizes: dict[int, Counter[str]] = {code: Counter() for code in tied}
    for code, genre in zip(groups, tracks["genre"], strict=True):
        sizes[code][genre] += 1
    limits = {
        str(genre): max(3, int(MOST * count)) for genre, count in tracks["genre"].value_counts().items()
    }

    named = tracks["album"] != ""
    members = groups[named].groupby(tracks.loc[named, "album"]).unique()
    spread = members[members.map(len) > 1]
    not_kept = []
    for album in sorted(spread.index, key=lambda name: (len(spread[name]), name)):
        first, *others = {tied[code] for code in spread[album].tolist()}
        together = sum((sizes[code] for code in others), sizes[first])
        # A group that is larger already is so by an artist, and takes no album more.
        if others and any(count > limits[genre] for genre, count in together.items()):
            not_kept.append(str(album))
            continue
        for code in others:
            tied.merge(first, code)
        sizes[tied[first]] = together
    least = {code: min(subset) for subset in tied.subsets() for code in subset}
    return groups.map(least), sorted(not_kept)
