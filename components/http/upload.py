"""A request's body to files on disk while it arrives: of a song of 200 MB no more than a chunk is in memory."""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from components.http.refusal import RefusedError
from components.http.settings import ServeSettings

#: Media types of a raw body that is one song, besides ``audio/…`` and ``video/…`` (a container whose sound is used).
RAW = ("application/octet-stream", "application/ogg")
#: The form's field that files are in.
FIELD = "songs"
#: Names of files.
_NUMBERS = itertools.count()
#: What folders of songs are called, in ``TMPDIR``.
PREFIX = "genre-serve-"
#: Seconds from which on a folder that is not locked is one that was left.
SETTLED = 60.0
#: A name that is longer is cut: it is shown and nothing else.
LONGEST_NAME = 255


@dataclass
class Song:
    """A song that arrived.

    Attributes
    ----------
    name : str
        As the client calls it, or ``song 2`` where it has none and is the second; no file here has that name.
    path : Path
        Where its content is.
    bytes : int
        Size of it.
    """

    name: str
    path: Path
    bytes: int = 0


class Receiver:
    """Takes a body, chunk by chunk.

    Parameters
    ----------
    content_type : str
        The request's header; '' where it has none.
    folder : Path
        Where songs are written, beside those of other requests; the caller removes them.
    settings : ServeSettings
        The limits.
    name : str
        Of a raw body.

    Raises
    ------
    RefusedError
        With 415 for another media type, 400 for a multipart body without its boundary, 422 for a form with a name.
    """

    def __init__(self, content_type: str, *, folder: Path, settings: ServeSettings, name: str = "") -> None:
        self.songs: list[Song] = []
        self._folder, self._settings = folder, settings
        self._file: BinaryIO | None = None
        self._received, self._ended = 0, False
        kind, options = parse_options_header(content_type)
        kind_name = kind.decode("latin-1").lower()
        self._parser: MultipartParser | None = None
        if kind_name == "multipart/form-data":
            if name:
                raise RefusedError(
                    422, f"name is {name!r}; valid with a form: none, its files have their own"
                )
            self._parser = self._multipart(options.get(b"boundary", b""))
        elif not kind_name or kind_name in RAW or kind_name.startswith(("audio/", "video/")):
            self._begin(name or "body")
        else:
            raise RefusedError(
                415,
                f"Content-Type is {kind_name!r}; valid: multipart/form-data with one or more files, or a song as "
                f"audio/* or {RAW[0]}",
            )

    def write(self, chunk: bytes) -> None:
        """Take the next part of the body.

        Raises
        ------
        RefusedError
            With 413 above a limit of size or number, 400 for a body that is no multipart form, 422 for a form's part
            that is no file, or not in its field.
        """
        self._received += len(chunk)
        if self._received > self._settings.max_request_bytes:
            raise too_large("the body is too large", f"{self._settings.max_request_bytes:,} bytes")
        if self._parser is None:
            self._write(chunk)
            return
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise RefusedError(400, f"the multipart body is damaged: {error}") from error

    def finish(self) -> list[Song]:
        """Return the songs, once the body has arrived.

        Raises
        ------
        RefusedError
            With 400 if a multipart body has no end, 422 if it holds no file, or a raw body is empty.
        """
        if self._parser is None:
            self.close()
            if not self.songs[0].bytes:
                raise RefusedError(
                    422, "the body is empty; valid: a song, or multipart/form-data with one or more"
                )
        elif not self._ended:
            raise RefusedError(400, "the multipart body ends before its last boundary")
        elif not self.songs:
            raise RefusedError(
                422, "the form holds no file; valid: one or more, such as curl -F songs=@song.mp3"
            )
        return self.songs

    def close(self) -> None:
        """Close what is still open."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _multipart(self, boundary: bytes) -> MultipartParser:
        name, value, headers = bytearray(), bytearray(), {}

        def field(data: bytes, start: int, end: int) -> None:
            name.extend(data[start:end])

        def content(data: bytes, start: int, end: int) -> None:
            value.extend(data[start:end])

        def header_end() -> None:
            headers[bytes(name).lower()] = bytes(value)
            name.clear()
            value.clear()

        def begin() -> None:
            _, options = parse_options_header(headers.get(b"content-disposition"))
            headers.clear()
            field_name = options.get(b"name", b"").decode("utf-8", "replace")
            if field_name != FIELD or b"filename" not in options:
                kind = "file" if b"filename" in options else "value"
                raise RefusedError(
                    422,
                    f"the form has the {kind} {field_name!r}; valid: files as {FIELD!r}, and options in the address "
                    "(?timeline=)",
                )
            self._begin(options[b"filename"].decode("utf-8", "replace"))

        def end() -> None:
            self._ended = True

        try:
            return MultipartParser(
                boundary,
                callbacks={
                    "on_header_field": field,
                    "on_header_value": content,
                    "on_header_end": header_end,
                    "on_headers_finished": begin,
                    "on_part_data": lambda data, start, end: self._write(data[start:end]),
                    "on_part_end": self.close,
                    "on_end": end,
                },
            )
        except FormParserError as error:
            raise RefusedError(400, f"Content-Type of the multipart body is not valid: {error}") from error

    def _begin(self, name: str) -> None:
        if len(self.songs) == self._settings.max_songs:
            raise too_large("too many songs in one request", f"{self._settings.max_songs}")
        # The client's name may hold anything, so it names no file; decoders go by content.
        path = self._folder / str(next(_NUMBERS))
        # On one line, and without what moves a terminal's cursor: it is part of reasons and of the log.
        shown = "".join(
            one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in name[:LONGEST_NAME]
        )
        self.songs.append(Song(shown.strip() or f"song {len(self.songs) + 1}", path))
        self._file = path.open("wb")

    def _write(self, data: bytes) -> None:
        song = self.songs[-1]
        song.bytes += len(data)
        if song.bytes > self._settings.max_bytes:
            raise too_large(f"{song.name}: too large", f"{self._settings.max_bytes:,} bytes")
        assert self._file is not None, "a part has a file from its headers on"
        self._file.write(data)


def too_large(reason: str, most: str) -> RefusedError:
    """Return the refusal of what is above a limit."""
    return RefusedError(413, f"{reason}; valid: at most {most}")


def check_headers(headers: Mapping[str, str], *, settings: ServeSettings) -> None:
    """Refuse a body by its headers, before any of it is read.

    Parameters
    ----------
    headers : mapping of str to str
        The request's, by lower-case name.
    settings : ServeSettings
        The limits.

    Raises
    ------
    RefusedError
        With 413 for the length that it gives, 415 for a body that is compressed.
    """
    if (coding := headers.get("content-encoding", "identity").lower()) != "identity":
        raise RefusedError(
            415,
            f"Content-Encoding is {coding!r}; valid: none, the song as it is",
            headers={"Accept-Encoding": "identity"},
        )
    is_form = headers.get("content-type", "").lower().startswith("multipart/")
    most = settings.max_request_bytes if is_form else min(settings.max_bytes, settings.max_request_bytes)
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise too_large(f"the body has {int(length):,} bytes", f"{most:,}")


async def receive(
    chunks: AsyncIterator[bytes], *, content_type: str, folder: Path, settings: ServeSettings, name: str = ""
) -> list[Song]:
    """Write a body's songs to a folder; of a body that is refused or does not arrive, nothing is left.

    Parameters
    ----------
    chunks : async iterator of bytes
        The body.
    content_type, folder, settings, name
        As of :class:`Receiver`.

    Returns
    -------
    list of Song
        One or more.

    Raises
    ------
    RefusedError
        As :class:`Receiver`; with 507 if a song cannot be written.
    """
    receiver = Receiver(content_type, folder=folder, settings=settings, name=name)
    try:
        async for chunk in chunks:
            receiver.write(chunk)
        return receiver.finish()
    except OSError as error:
        remove(receiver.songs)
        raise RefusedError(
            507, f"the song cannot be kept in the server's TMPDIR: {error.strerror}"
        ) from error
    except BaseException:
        remove(receiver.songs)
        raise
    finally:
        receiver.close()


def remove(songs: Iterable[Song]) -> None:
    """Remove songs from disk."""
    for song in songs:
        song.path.unlink(missing_ok=True)


@contextmanager
def folder() -> Iterator[Path]:
    """Make a folder for requests' songs (in ``TMPDIR``), and remove it at the end of the block.

    Those of servers that were killed are removed first. It is locked while it is used, so that no other server takes
    it for such a one, nor systemd, which clears ``/tmp`` of what is old.
    """
    for other in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError), _locked(other):
            # A newer one may be about to be locked.
            if time.time() - other.stat().st_mtime > SETTLED:
                shutil.rmtree(other)
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as made, _locked(Path(made)):
        yield Path(made)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lock a folder; OSError if it is none, of another user, or locked."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(handle).st_uid != os.getuid():
            raise PermissionError(path)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)
