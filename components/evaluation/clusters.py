"""Clusters of songs that are not independent of each other: those of one artist."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def of(tracks: pd.Series, *, artists: pd.Series) -> pd.Series:
    """Return the cluster of each song: its artist, or the song itself where the artist is not known.

    Parameters
    ----------
    tracks : Series of str
        One a song.
    artists : Series of str
        Of the same songs; '' where it is not known.

    Returns
    -------
    Series of str
        Equal for songs of one cluster.
    """
    # An artist and a track may have one name.
    return ("artist " + artists).where(artists != "", "track " + tracks)
