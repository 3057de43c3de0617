"""One field of an audio file's tags, in every format that mutagen writes.

Players agree on where a genre is; a field that no format knows goes where each keeps free text: a ``TXXX`` frame of
ID3, a freeform atom of MP4, else under its own name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from components.core.errors import ParamsError, TaggingError
from components.corpus.tags import failures, reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    import mutagen

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
#: Suffixes of the formats whose tags are written, for messages.
FORMATS = "MP3, FLAC, OGG, OPUS, M4A, WMA, APE, WavPack, Musepack, WAV, AIFF"


class Held(NamedTuple):
    """What a file's tags hold.

    Attributes
    ----------
    values : tuple of str
        Of the field; empty where it is not there.
    tagged : bool
        Whether the file has tags at all.
    """

    values: tuple[str, ...]
    tagged: bool


def check(field: str) -> str:
    """Check the name of a field, and return it; known ones in lower case.

    Raises
    ------
    ParamsError
        If not every format takes it.
    """
    if field.lower() in KNOWN:
        return field.lower()
    if not NAME.fullmatch(field):
        raise ParamsError(
            f"--to {field!r} is no field; valid: {', '.join(KNOWN)}, or a name of 2 to 63 letters, digits, spaces, "
            "_ and -"
        )
    return field


def read(path: Path, *, field: str = GENRE) -> Held:
    """Read a field.

    Parameters
    ----------
    path : Path
        An audio file of any of :data:`FORMATS`.
    field : str
        From :func:`check`.

    Returns
    -------
    Held
        A number of ID3's list of genres by its name.

    Raises
    ------
    TaggingError
        If the file cannot be read, or has no tags that could be written.
    """
    tags = _open(path).tags
    with _reasons():
        return Held((), False) if tags is None else Held(tuple(_get(tags, field)), True)


def write(path: Path, values: Sequence[str], *, field: str = GENRE, tagged: bool = True) -> None:
    """Set a field, or remove it where there is no value; all else stays. The file is changed in place: hand in a copy.

    Parameters
    ----------
    path : Path
        As of :func:`read`.
    values : sequence of str
        One entry each, not one text with separators.
    field : str
        From :func:`check`.
    tagged : bool
        Whether the file is to have tags where nothing is left in them.

    Raises
    ------
    TaggingError
        If the file cannot be written.
    """
    file = _open(path)
    with _reasons():
        if file.tags is None:
            file.add_tags()
        _set(file.tags, field, list(values))
        if not tagged and not file.tags:
            file.delete()
        else:
            file.save(**_form(file.tags))


@contextmanager
def _reasons() -> Iterator[None]:
    try:
        yield
    except failures() as error:
        raise TaggingError(f"its tags cannot be used ({reason(error)})") from error


def _open(path: Path) -> mutagen.FileType:
    import mutagen

    with _reasons():
        file = mutagen.File(path)
    if file is None:
        raise TaggingError(f"no tags are written in this format; valid: {FORMATS}")
    return file


def _form(tags: Any) -> dict[str, Any]:
    """Keep ID3 in the version that the file has: some players read no 2.4, and it is not for this to change."""
    from mutagen.id3 import ID3

    if not isinstance(tags, ID3) or not tags.version or tags.version >= (2, 4, 0):
        return {}
    tags.update_to_v23()
    # Several values as 2.4 separates them; a slash between them would be part of one value.
    return {"v2_version": 3, "v23_sep": None}


def _get(tags: Any, field: str) -> list[str]:
    from mutagen.apev2 import APEv2
    from mutagen.asf import ASFTags
    from mutagen.id3 import ID3, TCON
    from mutagen.mp4 import MP4Tags

    place = _place(tags, field)
    match tags:
        case ID3():
            frame = tags.get(place)
            values = frame.genres if isinstance(frame, TCON) else frame.text if frame else []
        case MP4Tags():
            values = [
                value.decode("utf-8", "replace") if isinstance(value, bytes) else value
                for value in tags.get(place, [])
            ]
        case APEv2():
            # Iterated, a text value of APE gives its entries; str() would join them.
            values = list(tags[place]) if place in tags else []
        case ASFTags():
            values = [str(value) for value in tags.get(place, [])]
        case _:
            values = tags.get(place, [])
    return [str(value) for value in values if str(value).strip()]


def _set(tags: Any, field: str, values: list[str]) -> None:
    from mutagen import id3
    from mutagen.mp4 import AtomDataType, MP4FreeForm, MP4Tags

    place = _place(tags, field)
    if not values:
        if place in tags:
            del tags[place]
        return
    match tags:
        case id3.ID3() if place.startswith("TXXX:"):
            tags.add(id3.TXXX(encoding=id3.Encoding.UTF16, desc=field, text=values))
        case id3.ID3():
            tags.add(id3.Frames[place](encoding=id3.Encoding.UTF16, text=values))
        case MP4Tags() if place.startswith("----:"):
            tags[place] = [MP4FreeForm(value.encode(), AtomDataType.UTF8) for value in values]
        case _:
            tags[place] = values


def _place(tags: Any, field: str) -> str:
    from mutagen.apev2 import APEv2
    from mutagen.asf import ASFTags
    from mutagen.id3 import ID3
    from mutagen.mp4 import MP4Tags

    own = Places(f"TXXX:{field}", field.upper(), f"----:com.apple.iTunes:{field}", field, field)
    places = KNOWN.get(field, own)
    match tags:
        case ID3():
            return places.id3
        case MP4Tags():
            return places.mp4
        case ASFTags():
            return places.asf
        case APEv2():
            return places.ape
        case _:
            return places.vorbis
