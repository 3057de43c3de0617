"""Genre, artist, album and title in the tags of an audio file, in every format that mutagen reads."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from components.core.errors import AudioError

#: Names of each value: mutagen's easy one, the frame of ID3 in WAV and AIFF files, the attribute of ASF (WMA), the key
#: of APEv2; after the tables of MusicBrainz Picard's documentation, appendix "Tag Mapping".
NAMES = {
    "genre": ("genre", "TCON", "WM/Genre", "Genre"),
    "artist": ("artist", "TPE1", "Author", "Artist"),
    "album": ("album", "TALB", "WM/AlbumTitle", "Album"),
    "album_artist": ("albumartist", "TPE2", "WM/AlbumArtist", "Album Artist"),
    "title": ("title", "TIT2", "Title", "Title"),
}


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
    import mutagen

    try:
        if not isinstance(file, Path):
            file.seek(0)
        found = mutagen.File(file, easy=True)
        if found is None or not found.tags:
            return Tags()
        return Tags(**{key: _first(found.tags, names) for key, names in NAMES.items()})
    except failures() as error:
        raise AudioError(f"tags cannot be read ({reason(error)})") from error


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
