"""One field of an audio file's tags, in every format that mutagen writes; all else in them stays what it was.

Players agree on where a genre is; a field that no format knows goes where each keeps free text: a ``TXXX`` frame of
ID3, a freeform atom of MP4, else under its own name.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mutagen.aac import AACError
from mutagen.ac3 import AC3Error
from mutagen.apev2 import APEv2
from mutagen.asf import ASFTags
from mutagen.dsf import DSF
from mutagen.flac import Padding
from mutagen.id3 import ID3, TCON, Encoding, Frame, Frames, ID3NoHeaderError
from mutagen.mp4 import AtomDataType, MP4FreeForm, MP4Tags

from components.core.errors import TaggingError
from components.corpus.tags import beside, failures, opened, reason
from components.tagging import chunks, id3
from components.tagging.fields import GENRE, KNOWN, Places

if TYPE_CHECKING:
    from collections.abc import Iterator

    import mutagen

#: Suffixes of the formats whose tags are written, for messages.
FORMATS = "MP3, FLAC, OGG, OPUS, M4A, WMA, APE, WavPack, Musepack, WAV, AIFF"
_NO_TAGS = f"no tags are written in this format; valid: {FORMATS}"
#: Bytes of an ID3v1 tag.
_ID3V1 = 128


class Held(NamedTuple):
    """What a file's tags hold.

    Attributes
    ----------
    values : tuple of str
        Of the field; empty where it is not there.
    tagged : bool
        Whether the file has tags of the kind that is written.
    own : tuple of str
        The values in those: a genre may be in an ID3v1 or APEv2 tag, or in a WAV file's ``INFO``, that stays as it is.
    """

    values: tuple[str, ...]
    tagged: bool
    own: tuple[str, ...] = ()


def read(path: Path, *, field: str = GENRE) -> Held:
    """Read a field.

    Parameters
    ----------
    path : Path
        An audio file of any of :data:`FORMATS`.
    field : str
        From :func:`components.tagging.fields.check`.

    Returns
    -------
    Held
        A number of ID3's list of genres by its name.

    Raises
    ------
    TaggingError
        If the file cannot be read, or is of a format without tags.
    """
    file = _open(path)
    with _reasons():
        tags = _own(file, path)
        own = tuple(_get(tags, field)) if tags is not None else ()
        values = own or (tuple(_get(file.tags, field)) if file.tags is not None else ())
        if not values and field == GENRE:
            values = beside(path, file).get(field, ())
        return Held(values, tags is not None, own)


def others(path: Path, *, field: str) -> list[Any]:
    """Return all that a file's tags hold but for a field, to be compared.

    Raises
    ------
    TaggingError
        As :func:`read`; also if an ID3 tag could not be written again.
    """
    file = _open(path)
    with _reasons():
        # A picture, a cue sheet and the like of a FLAC file are blocks beside its comments.
        found: list[Any] = [
            (block.code, block.write())
            for block in getattr(file, "metadata_blocks", ())
            if block is not file.tags and block.code != Padding.code
        ]
        found.append(dict(beside(path, file)))
        if file.tags is None:
            return found
        place = _place(file.tags, field)
        if isinstance(file.tags, ID3):
            return [*found, *sorted(_tag(type(file.tags), path).with_field(place).frames)]
        keys = sorted(key for key in file.tags.keys() if key.lower() != place.lower())  # noqa: SIM118
        return [*found, *((key, file.tags[key]) for key in keys)]


def check_file(path: Path) -> None:
    """Check that a file's tags can be written, as far as that shows before they are.

    Raises
    ------
    TaggingError
        If they cannot.
    """
    file = _open(path)
    with _reasons():
        if file.tags is None:
            _add_tags(file)
        chunks.check(path, file)
        if isinstance(file.tags, ID3):
            _tag(type(file.tags), path)


def write(path: Path, values: Sequence[str], *, field: str = GENRE, tagged: bool = True) -> None:
    """Set a field, or remove it where there is no value; all else stays. The file is changed in place: hand in a copy.

    Parameters
    ----------
    path : Path
        As of :func:`read`.
    values : sequence of str
        One entry each, not one text with separators.
    field : str
        From :func:`components.tagging.fields.check`.
    tagged : bool
        Whether the file is to have tags where nothing is left in them but what was in other tags before.

    Raises
    ------
    TaggingError
        If the file cannot be written.
    """
    file = _open(path)
    with _reasons():
        if file.tags is None:
            _add_tags(file)
        if isinstance(file.tags, ID3):
            _write_id3(file, path, values, field=field, tagged=tagged)
            return
        _set(file.tags, field, list(values))
        with _id3v1_kept(path) if isinstance(file.tags, APEv2) else nullcontext():
            if not tagged and not file.tags:
                file.delete(path)
            else:
                file.save(path)


def _write_id3(
    file: mutagen.FileType, path: Path, values: Sequence[str], *, field: str, tagged: bool
) -> None:
    tags: Any = file.tags
    kind, place = type(tags), _place(tags, field)
    tag = _tag(kind, path)
    without = tag.with_field(place)
    if values:
        tag = tag.with_field(place, [id3.made(_frame(place, values), version=tag.version)])
        id3.write(kind, path, tag)
    elif (
        tagged
        or without.frames != _oldest(kind, path).with_field(place).frames
        # mutagen would leave the old size in the header of a DSF file.
        or isinstance(file, DSF)
    ):
        id3.write(kind, path, without)
    elif kind is ID3:
        id3.delete(path)
    else:
        file.delete(path)


def _tag(kind: type[ID3], path: Path) -> id3.Tag:
    """Return a file's tag, or what its ID3v1 tag becomes: who reads 2.3 or 2.4 may not read that beside it."""
    found = id3.read(kind, path)
    return _oldest(kind, path) if found is None else found


def _oldest(kind: type[ID3], path: Path) -> id3.Tag:
    # A chunk of a file has no ID3v1 tag behind it.
    return id3.oldest(path) if kind is ID3 else id3.Tag()


def _own(file: mutagen.FileType, path: Path) -> Any:
    """Return the tags that are written, without what mutagen adds to them of an ID3v1 tag; None without."""
    if not isinstance(file.tags, ID3):
        return file.tags
    tags = type(file.tags)()
    try:
        tags.load(path, load_v1=False)
    except ID3NoHeaderError:
        return None
    return tags


@contextmanager
def _id3v1_kept(path: Path) -> Iterator[None]:
    """Take an ID3v1 tag from a file's end meanwhile: APEv2 is written before it, and mutagen would remove it."""
    with path.open("r+b") as file:
        start = max(file.seek(0, os.SEEK_END) - _ID3V1, 0)
        file.seek(max(start - 3, 0))
        tail = file.read()[-_ID3V1 - 3 :]
        # An APEv2 tag begins with APETAGEX.
        is_one = tail[3:6] == b"TAG" and not tail.startswith(b"APETAGEX")
        if is_one:
            file.truncate(start)
    yield
    if is_one:
        with path.open("ab") as file:
            file.write(tail[3:])


@contextmanager
def _reasons() -> Iterator[None]:
    try:
        yield
    except failures() as error:
        raise TaggingError(f"its tags cannot be used ({reason(error)})") from error


def _open(path: Path) -> mutagen.FileType:
    with _reasons():
        file = opened(path)
    if file is None:
        raise TaggingError(_NO_TAGS)
    return file


def _add_tags(file: mutagen.FileType) -> None:
    try:
        file.add_tags()
    except (AACError, AC3Error, NotImplementedError) as error:
        raise TaggingError(_NO_TAGS) from error


def _get(tags: Any, field: str) -> list[str]:
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
    place = _place(tags, field)
    if not values:
        if place in tags:
            del tags[place]
        return
    match tags:
        case MP4Tags() if place.startswith("----:"):
            tags[place] = [MP4FreeForm(value.encode(), AtomDataType.UTF8) for value in values]
        case _:
            tags[place] = values


def _frame(place: str, values: Sequence[str]) -> Frame:
    name, _, description = place.partition(":")
    about = {"desc": description} if name == "TXXX" else {}
    return Frames[name](encoding=Encoding.UTF16, text=list(values), **about)


def _place(tags: Any, field: str) -> str:
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
