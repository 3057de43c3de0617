"""Plain samples, whose sizes stand in chunks before them, and other formats whose header gives the file's size."""

from __future__ import annotations

import os
import struct
from typing import NamedTuple

from components.corpus.contents.found import NOTHING_KNOWN, Contents
from components.corpus.contents.window import LEAST, Window

#: A size in a header from here on is an encoder's "not known yet", of 32 bits (2 GiB less a page) and of 64.
UNKNOWN_SIZE, UNKNOWN_LONG_SIZE = 0x7FFFF000, 1 << 48


def contents(handle: int, size: int, *, form: str) -> Contents:
    """Look at the sizes in a file's header; ``form`` as of :func:`components.corpus.contents.look.of`."""
    if form in ("WAV", "WAVEX", "RF64", "AIFF", "AU", "CAF") and (sizes := _sizes(handle, size)):
        return Contents(damage="sizes in its header are wrong", sizes=sizes)
    promised = _promised_bytes(os.pread(handle, 1 << 12, 0)) if form in ("", "W64", "CAF") else 0
    return Contents(share=size / promised) if promised > size else NOTHING_KNOWN


class _Chunks(NamedTuple):
    """How a format's chunks are written.

    Attributes
    ----------
    head : Struct
        A chunk's name and length.
    start : int
        Where the first one is.
    samples : bytes
        The name of that with the samples.
    even : bool
        Whether each takes an even number of bytes.
    """

    head: struct.Struct
    start: int = 12
    samples: bytes = b"data"
    even: bool = True

    def end(self, place: int, length: int) -> int:
        """Return where the chunk after one begins."""
        return place + self.head.size + length + (length & 1 if self.even else 0)


_CHUNKS = {
    b"RIFF": _Chunks(struct.Struct("<4sI")),
    b"RF64": _Chunks(struct.Struct("<4sI")),
    b"RIFX": _Chunks(struct.Struct(">4sI")),
    b"FORM": _Chunks(struct.Struct(">4sI"), samples=b"SSND"),
    b"caff": _Chunks(struct.Struct(">4sq"), start=8, even=False),
}


def _sizes(handle: int, size: int) -> dict[int, bytes]:
    """Return what the sizes in a header of plain samples must be, by place; empty where they are right."""
    window = Window(handle, size, stretch=1 << 12)  # chunks lie far apart
    head = window.at(0, 24)
    if head[:4] == b".snd" and len(head) >= 24:
        start, samples = struct.unpack(">II", head[4:12])
        is_short = samples != 0xFFFFFFFF and _is_sound(window, start + samples, _CHUNKS[b"FORM"])
        return {8: b"\xff" * 4} if is_short else {}
    chunks = _CHUNKS.get(head[:4])
    place, long = chunks.start if chunks else size, 0
    while chunks and place + chunks.head.size <= size and window.tries:
        window.tries -= 1
        name, length = chunks.head.unpack(window.at(place, chunks.head.size))
        if name == b"ds64":
            long = place + chunks.head.size + 8  # the size of the samples, of 64 bits
        if name == chunks.samples:
            return _size(window, place, length, chunks, long=long if length == 0xFFFFFFFF else 0)
        if length < 0:
            return {}
        place = chunks.end(place, length)
    return {}


def _size(window: Window, place: int, length: int, chunks: _Chunks, *, long: int) -> dict[int, bytes]:
    """Return what the size of the samples must be; ``long`` is where it stands if not in their own chunk, or 0."""
    start = place + chunks.head.size
    if long:
        length = int.from_bytes(window.at(long, 8), "little")
    if length < 0 or not _is_sound(window, chunks.end(place, length) if length else start, chunks):
        return {}
    there = window.size - start
    if long:
        return {long: struct.pack("<Q", there)}
    if chunks.samples == b"data" and chunks.head.size == 8:
        return {place + 4: b"\xff" * 4}
    return {place + 4: chunks.head.pack(chunks.samples, there)[4:]}


def _is_sound(window: Window, place: int, chunks: _Chunks) -> bool:
    """Return whether what stands after the samples is more of them: neither chunks nor a tag."""
    if window.size - place < LEAST or window.tag(place):
        return False
    while place + chunks.head.size <= window.size and window.tries:
        window.tries -= 1
        name, length = chunks.head.unpack(window.at(place, chunks.head.size))
        if length < 0 or not all(32 <= byte < 127 for byte in name):
            return True
        place = chunks.end(place, length)
    return place > window.size + 1


#: What the file properties of an ASF file (WMA) begin with; its size stands 40 bytes on, and 88 whether it is known.
_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def _promised_bytes(head: bytes) -> int:
    """Return how long a file is by its header, 0 where that does not say."""
    if head[:4] == b"RIFF" and len(head) >= 8:
        length = int.from_bytes(head[4:8], "little")
        return 8 + length if length < UNKNOWN_SIZE else 0
    if head[:4] == b"riff" and len(head) >= 24:  # W64
        length = int.from_bytes(head[16:24], "little")
        return length if length < UNKNOWN_LONG_SIZE else 0
    if (at := head.find(_ASF_FILE)) >= 0:
        return 0 if is_live(head) else int.from_bytes(head[at + 40 : at + 48], "little")
    place = 8
    while head[:4] == b"caff" and place + 12 <= len(head):
        length = int.from_bytes(head[place + 4 : place + 12], "big", signed=True)
        if head[place : place + 4] == b"data" or length < 0:
            return max(0, place + 12 + length) if length < UNKNOWN_LONG_SIZE else 0
        place += 12 + length
    return 0


def is_live(head: bytes) -> bool:
    """Return whether a file begins as ASF (WMA) whose length was not known when it was written."""
    at = head.find(_ASF_FILE)
    return at >= 0 and bool(int.from_bytes(head[at + 88 : at + 92], "little") & 1)
