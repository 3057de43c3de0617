"""Artist and album of each track, by which songs are kept together: from a table, a manifest or the files' tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from components.corpus.published_metadata import same_artist

if TYPE_CHECKING:
    import pandas as pd

#: What players write where nobody is known, as :func:`same_artist` writes it.
NOBODY = frozenset(
    {"", "various artists", "various", "va", "v a", "unknown artist", "unknown", "artist", "none", "n a"}
)
#: The same of albums. A title that many albums have is none by itself.
NO_ALBUM = frozenset({"", "unknown album", "unknown", "album", "untitled", "none", "n a", "single", "ep"})


def of(tracks: pd.DataFrame, *, table: Mapping[str, str]) -> pd.DataFrame:
    """Return the artist of each track, and its album.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``track``, ``artist`` and ``album`` of a listing.
    table : mapping of str to str
        Artists of a table, by track, as :func:`components.corpus.published_metadata.match` returns them. They come
        before what the listing has.

    Returns
    -------
    DataFrame of str
        Index as ``tracks``. ``artist``: as :func:`same_artist` writes it, '' where it is not known; an album stands for
        one that is missing. ``album``: '' where it is not known.
    """
    import pandas as pd

    own = tracks["artist"].map(artist_of)
    album = tracks["album"].map(_album)
    artist = tracks["track"].map(table).fillna("").where(lambda known: known != "", own)
    artist = artist.where(artist != "", ("album " + album).where(album != "", ""))
    return pd.DataFrame({"artist": artist, "album": album}, index=tracks.index).astype(object)


def artist_of(name: str) -> str:
    """Write an artist's name as :func:`same_artist` does; '' for what stands for nobody.

    Examples
    --------
    >>> artist_of("The Beatles"), artist_of("Various Artists")
    ('beatles', '')
    """
    written = same_artist(name)
    return "" if written in NOBODY else written


def _album(name: str) -> str:
    written = same_artist(name)
    return "" if written in NO_ALBUM else written


def album_of(title: str, *, album_artist: str) -> str:
    """Name an album so that two of one title by two artists are two.

    Examples
    --------
    >>> album_of("Greatest Hits", album_artist="Queen"), album_of("Kind of Blue", album_artist="")
    ('Greatest Hits [Queen]', 'Kind of Blue')
    """
    return f"{title} [{album_artist}]" if title and album_artist else title
