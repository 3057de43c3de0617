"""Artist and album of each track, by which songs are kept together: from a table, a manifest or the files' tags."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING

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
        Index as ``tracks``. ``artist``: see :func:`artist_key`. ``album``: '' where it is not known.
    """
    import pandas as pd

    artists = [
        table.get(track) or artist_key(artist, album=album)
        for track, artist, album in zip(tracks["track"], tracks["artist"], tracks["album"], strict=True)
    ]
    albums = tracks["album"].map(_album)
    return pd.DataFrame({"artist": artists, "album": albums}, index=tracks.index).astype(object)


def artist_key(artist: str, *, album: str = "") -> str:
    """Return what songs of one artist have in common; an album stands for an artist that is not known.

    Examples
    --------
    >>> artist_key("The Beatles", album="Help!"), artist_key("Various Artists", album="Now 42"), artist_key("")
    ('beatles', 'album now 42', '')
    """
    return artist_of(artist) or (f"album {title}" if (title := _album(album)) else "")


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


def same_artist(name: str) -> str:
    """Write an artist's name so that its spellings are equal.

    Case, accents, punctuation, repeated spaces, ``&`` for ``and`` and a leading ``the`` make no difference.

    Examples
    --------
    >>> same_artist("The Beyoncé & Friends :::"), same_artist("beyonce and friends")
    ('beyonce and friends', 'beyonce and friends')
    """
    plain = unicodedata.normalize("NFKD", name.replace("&", " and ")).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c) and c not in "'’")
    words = re.findall(r"\w+", plain)
    kept = words[1:] if len(words) > 1 and words[0] == "the" else words
    # A name of signs alone, such as "!!!", stays what it is.
    return " ".join(kept) or name.strip(" :").casefold()


def album_of(title: str, *, album_artist: str) -> str:
    """Name an album so that two of one title by two artists are two.

    Examples
    --------
    >>> album_of("Greatest Hits", album_artist="Queen"), album_of("Kind of Blue", album_artist="")
    ('Greatest Hits [Queen]', 'Kind of Blue')
    """
    return f"{title} [{album_artist}]" if title and album_artist else title
