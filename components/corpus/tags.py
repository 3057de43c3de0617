"""Genre, artist, album and title in the tags of an audio file, in every format that mutagen reads."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.core.errors import AudioError

if TYPE_CHECKING:
    from mutagen import FileType

#: Names of each value: mutagen's easy one, the frame of ID3 in WAV and AIFF files, the attribute of ASF (WMA), the key
#: of APEv2; after the tables of MusicBrainz Picard's documentation, appendix "Tag Mapping".
NAMES = {
    "genre": ("genre", "TCON", "WM/Genre", "Genre"),
    "artist": ("artist", "TPE1", "Author", "Artist"),
    "album": ("album", "TALB", "WM/AlbumTitle", "Album"),
    "album_artist": ("albumartist", "TPE2", "WM/AlbumArtist", "Album Artist"),
    "title": ("title", "TIT2", "Title", "Title"),
}


#: How the message of tags that cannot be read begins.
UNREAD = "tags cannot be read"


@dataclass(frozen=True)
class Tags:
    """What a file's tags say; ``''`` for what is not there, of several values the first."""

    genre: str = ""
    artist: str = ""
    album: str = ""
    album_artist: str = ""
    title: str = ""


def read(file: Path | BufferedReader) -> Tags:
    """Read a file's tags.

    Parameters
    ----------
    file : Path or file object
        An audio file; an open one is read from its start, and left at any place.

    Returns
    -------
    Tags
        A genre that ID3 gives as a number of its list has its name; all empty where there are no tags.

    Raises
    ------
    AudioError
        If the tags cannot be read.
    """
    try:
        found = opened(file, easy=True)
        if found is None:
            return Tags()
        said = {key: _first(found.tags or {}, names) for key, names in NAMES.items()}
        more = {} if all(said.values()) else beside(file, found)
        return Tags(**{key: text or next(iter(more.get(key, ())), "") for key, text in said.items()})
    except failures() as error:
        raise AudioError(f"{UNREAD} ({reason(error)})") from error


def opened(file: Path | BufferedReader, *, easy: bool = False) -> FileType | None:
    """Open a file's tags: as what its name and its first bytes say, and where that fails, by its content alone.

    Parameters
    ----------
    file : Path or file object
        An audio file.
    easy : bool
        Whether in mutagen's words for all formats, where it has them.

    Returns
    -------
    FileType, optional
        None where mutagen knows no such format.

    Raises
    ------
    Exception
        One of :func:`failures`, if it cannot be read.
    """
    import mutagen

    try:
        return mutagen.File(_start(file), easy=easy)
    except failures() as error:
        kind = _kind_by_content(file, error=error, easy=easy)
        if kind is None:
            raise
        return kind(_start(file))


def _kind_by_content(
    file: Path | BufferedReader, *, error: Exception, easy: bool
) -> Callable[..., FileType] | None:
    import mutagen
    from mutagen.easyid3 import EasyID3FileType
    from mutagen.id3 import ID3FileType
    from mutagen.mp3 import HeaderNotFoundError

    with (
        file.open("rb") if isinstance(file, Path) else nullcontext(file) as named,
        # Opened by its descriptor it has no name to be judged by.
        os.fdopen(os.dup(named.fileno()), "rb") as content,
    ):
        content.seek(0)
        if content.read(3) == b"ID3":
            # Of sound that is no MP3, such as AAC. What else may follow keeps its tags elsewhere.
            is_other = isinstance(error, HeaderNotFoundError)
            return (EasyID3FileType if easy else ID3FileType) if is_other else None
        content.seek(0)
        found = mutagen.File(content, easy=easy)
        return type(found) if found is not None else None


def _start(file: Path | BufferedReader) -> Path | BufferedReader:
    if not isinstance(file, Path):
        file.seek(0)
    return file


def beside(file: Path | BufferedReader, found: FileType) -> dict[str, tuple[str, ...]]:
    """Return what tags say that mutagen does not read with a file of this kind.

    Parameters
    ----------
    file : Path or file object
        An audio file.
    found : FileType
        From :func:`opened`.

    Returns
    -------
    dict of str to tuple of str
        By the keys of :data:`NAMES`, as far as they are there: of an APEv2 tag behind MP3 and AAC, of the ``INFO`` of
        a WAV file.
    """
    from mutagen.aac import AAC
    from mutagen.apev2 import APENoHeaderError, APEv2
    from mutagen.id3 import ID3FileType
    from mutagen.wave import WAVE

    if isinstance(found, WAVE):
        return _info(_start(file))
    if not isinstance(found, ID3FileType | AAC):
        return {}
    try:
        ape = APEv2(_start(file))
    except APENoHeaderError:
        return {}
    values = {
        key: [value.strip() for value in ape[names[3]]] for key, names in NAMES.items() if names[3] in ape
    }
    return {key: tuple(filter(None, texts)) for key, texts in values.items()}


def _info(file: Path | BufferedReader) -> dict[str, tuple[str, ...]]:
    import soundfile

    try:
        with soundfile.SoundFile(file) as sound:
            said = {key: str(getattr(sound, key)).strip() for key in ("genre", "artist", "album", "title")}
    except (soundfile.LibsndfileError, RuntimeError, TypeError, ValueError):
        return {}
    return {key: (text,) for key, text in said.items() if text}


def promised_seconds(file: Path) -> float:
    """Return the length that a file's header promises; 0 where it promises none.

    To show progress by, and for nothing else: how long a file is shows as it is decoded.
    """
    import mutagen

    try:
        found = mutagen.File(file)
    except failures():
        return 0.0
    return float(getattr(found.info, "length", 0.0)) if found is not None else 0.0


def failures() -> tuple[type[Exception], ...]:
    """Return what reading or writing tags raises: of a damaged file, not only mutagen's own errors."""
    import mutagen

    return (
        mutagen.MutagenError, OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, struct.error,
        NotImplementedError,
    )  # fmt: skip


def reason(error: Exception) -> str:
    """Return why tags cannot be used, in one line, without the path."""
    # mutagen wraps what the system says.
    inner = error.args[0] if error.args and isinstance(error.args[0], OSError) else error
    text = getattr(inner, "strerror", None) or str(inner)
    return " ".join(text.split()) or type(error).__name__


def _first(tags: Any, names: Sequence[str]) -> str:
    # EasyID3 refuses names that it does not know, and a plain ID3 block knows frames alone.
    for name in names:
        try:
            value = tags.get(name)
        except (KeyError, ValueError):
            continue
        if value is not None:
            texts = getattr(value, "genres", None) or getattr(value, "text", value)
            first = (
                texts[0] if isinstance(texts, Sequence) and not isinstance(texts, str) and texts else texts
            )
            return str(first or "").strip("\0 \t\r\n")
    return ""
