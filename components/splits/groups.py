"""Groups of tracks that stay on one side of a split: files of one recording, songs of an artist and of an album."""

from __future__ import annotations

import pandas as pd

from components.core import connected
from components.core.formatting import plural
from components.evaluation import clusters
from components.splits import albums, artists

#: Albums that are named.
SHOWN = 5


def kept_whole(tracks: pd.DataFrame, *, folds: int) -> pd.Series:
    """Return the groups of protocol ``artist``: artists and albums whole.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``track``, ``genre``, ``artist``, ``recording``, and where there are some ``album``.
    folds : int
        Into how many parts each genre is divided.

    Returns
    -------
    Series of int
        Equal for tracks that stay together. The songs of an artist-confounded genre are assigned one by one; where most
        artists are unknown, so are those of a genre that hangs together by the few that are known. Compilations that
        would tie too much of a genre together are named (:mod:`components.splits.albums`).
    """
    drawn = clusters.of(tracks["track"], artists=tracks["artist"])
    apart = drawn.groupby(tracks["genre"]).nunique()
    tied = [] if artists.known(tracks) else apart.index[apart < folds].tolist()
    few = tracks["genre"].isin([*artists.confounded(tracks), *tied])
    group = connected.rows(tracks.assign(artist=tracks["artist"].mask(few, "")), by=["recording", "artist"])
    if "album" not in tracks or not (tracks["album"] != "").any():
        return group
    group, torn = albums.kept_whole(tracks.assign(album=tracks["album"].mask(few, "")), groups=group)
    if torn:
        print(
            f"albums: {len(torn)} compilations may be on two sides, since they would tie too much of a genre together: "
            f"{', '.join(torn[:SHOWN])}{' …' if len(torn) > SHOWN else ''}"
        )
    return group


def without_repeats(parts: pd.Series, *, repeats: pd.Series) -> pd.Series:
    """Leave out of the earlier parts what repeats a track of a later one."""
    place = parts.map({part: number for number, part in enumerate(artists.ORDER)})
    torn = place < place.groupby(repeats).transform("max")
    if torn.any():
        print(f"left out, since another part holds the same recording: {plural(int(torn.sum()), 'track')}")
    return parts.mask(torn)
