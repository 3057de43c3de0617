"""Artists on both sides of a split: whether there are any, which genres are confounded, which songs headlines count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from components.evaluation import clusters

if TYPE_CHECKING:
    import pandas as pd


#: Whether an artist is in several parts of a split; ``unknown`` where most songs have no known artist.
Artists = Literal["apart", "on both sides", "unknown"]
ARTISTS: tuple[Artists, ...] = get_args(Artists)
#: Artists that a genre needs to be in train, validation and test with no artist in two of them.
MINIMUM = 3
#: Parts in the order in which a model meets them.
ORDER = ("train", "validation", "test")


def known(tracks: pd.DataFrame) -> bool:
    """Return whether most tracks have a known artist.

    Parameters
    ----------
    tracks : DataFrame
        Column ``artist``, one row a track; '' where it is not known.
    """
    return bool((tracks["artist"] != "").mean() > 0.5)


def by_genre(tracks: pd.DataFrame) -> dict[str, int]:
    """Count the known artists of each genre.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``genre``, ``artist``, one row a track.
    """
    counts = tracks["artist"].replace("", None).groupby(tracks["genre"]).nunique()
    return {str(genre): int(count) for genre, count in counts.items()}


def confounded(tracks: pd.DataFrame) -> list[str]:
    """List the genres of fewer than :data:`MINIMUM` known artists; none where most artists are unknown.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``genre``, ``artist``, one row a track.
    """
    return sorted(genre for genre, count in by_genre(tracks).items() if known(tracks) and count < MINIMUM)


def headline(tracks: pd.DataFrame) -> pd.Series:
    """Mark the tracks that headlines count.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``track``, ``genre``, ``part``, ``artist``, one row a track.

    Returns
    -------
    Series of bool
        As the package describes the column.
    """
    import pandas as pd

    if not known(tracks):
        return pd.Series(True, index=tracks.index)
    place = tracks["part"].map({part: number for number, part in enumerate(ORDER)})
    earliest = place.groupby(clusters.of(tracks["track"], artists=tracks["artist"])).transform("min")
    named = tracks["artist"] != ""
    return named & (place == earliest) & ~tracks["genre"].isin(confounded(tracks))


def status(tracks: pd.DataFrame) -> Artists:
    """Return whether an artist is in several parts, artist-confounded genres aside.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``track``, ``genre``, ``part``, ``artist``, one row a track.
    """
    if not known(tracks):
        return "unknown"
    rest = tracks[~tracks["genre"].isin(confounded(tracks))]
    named = rest[rest["artist"] != ""]
    return "on both sides" if (named.groupby("artist")["part"].nunique() > 1).any() else "apart"
