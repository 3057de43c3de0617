"""The fields that a genre may be written to, and where each is in every kind of tags."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import NamedTuple

from components.core.errors import ParamsError

#: The field that a genre is in, unless another is named.
GENRE = "genre"


class Places(NamedTuple):
    """Where a field is in each kind of tags."""

    id3: str
    vorbis: str
    mp4: str
    asf: str
    ape: str


#: Fields with a place of their own, after the tables of MusicBrainz Picard's documentation, appendix "Tag Mapping".
KNOWN = MappingProxyType(
    {
        GENRE: Places("TCON", "GENRE", "\xa9gen", "WM/Genre", "Genre"),
        "grouping": Places("TIT1", "GROUPING", "\xa9grp", "WM/ContentGroupDescription", "Grouping"),
        "mood": Places("TMOO", "MOOD", "----:com.apple.iTunes:MOOD", "WM/Mood", "Mood"),
    }
)
#: What another field may be called, so that every format takes it: letters, digits, space, ``_`` and ``-``.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_ -]{1,62}")
#: Keys that APEv2 reserves.
RESERVED = frozenset({"id3", "tag", "oggs"})
#: What Vorbis comments, APEv2 and ASF keep under the plain name of a standard field, beside those of mutagen's tables:
#: written there, a genre would replace it.
STANDARD = frozenset(
    {
        "abstract", "artists", "author", "bibliography", "bitrate", "catalog", "comment", "comments",
        "contact", "coverart", "cuesheet", "debutalbum", "description", "disc", "disctotal", "djmixer",
        "dummy", "duration", "encoder", "encoding", "engineer", "file", "index", "initialkey", "introplay",
        "itunnorm", "itunsmpb", "key", "label", "lc", "license", "location", "lyrics", "mediatype",
        "metadatablockpicture", "mixer", "movement", "originalyear", "part", "performer", "picture",
        "producer", "publicationright", "publisher", "rating", "recorddate", "recordlocation", "related",
        "remixer", "script", "show", "subtitle", "totaldiscs", "totaltracks", "track", "tracktotal",
        "unsyncedlyrics", "url", "work", "writer", "year",
    }
)  # fmt: skip
_PREFIXES = ("replaygain", "r128", "musicbrainz", "coverart", "acoustid")


def check(field: str) -> str:
    """Check the name of a field, and return it; known ones in lower case.

    Raises
    ------
    ParamsError
        If not every format takes it, or it is another standard field, such as the title.
    """
    if field.lower() in KNOWN:
        return field.lower()
    valid = (
        f"valid: {', '.join(KNOWN)}, or a name of your own of 2 to 63 letters, digits, spaces, _ and -, "
        "such as 'AI genre'"
    )
    if not NAME.fullmatch(field):
        raise ParamsError(f"--to {field!r} is no field; {valid}")
    plain = re.sub("[ _-]", "", field.lower())
    if plain in RESERVED:
        raise ParamsError(f"--to {field!r} is a name that APEv2 tags reserve; {valid}")
    if plain in STANDARD | _named_by_mutagen() or plain.startswith(_PREFIXES):
        raise ParamsError(f"--to {field!r} is a standard field that holds something else; {valid}")
    return field


def _named_by_mutagen() -> set[str]:
    from mutagen.easyid3 import EasyID3
    from mutagen.easymp4 import EasyMP4Tags

    return {re.sub("[ _-]|:.*", "", name.lower()) for name in (*EasyID3.Get, *EasyMP4Tags.Get)}
