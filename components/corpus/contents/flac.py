"""FLAC: the header's count of samples, and that of its frames (RFC 9639)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from components.corpus.contents.found import FOLLOWED, NOTHING_KNOWN, Contents
from components.corpus.contents.window import STREAMS, TRIES, WINDOW, Window

#: A stream's mark, and its first block of metadata, of 34 bytes.
_MARK = b"fLaC\x00\x00\x00\x22"
_SYNC = re.compile(rb"\xff[\xf8\xf9]")
#: The longest header of a frame.
_HEADER = 17


class _Stream(NamedTuple):
    """A stream's header.

    Attributes
    ----------
    place : int
        Where its sizes of blocks stand.
    block : int
        Samples of one channel in the smallest frame but the last.
    largest : int
        Bytes of the largest frame; 0 where it does not say.
    kind : int
        Sample rate, channels and bits, as they are written.
    samples : int
        Of one channel; 0 where it does not say.
    """

    place: int
    block: int
    largest: int
    kind: int
    samples: int

    @property
    def rate(self) -> int:
        """Hz."""
        return self.kind >> 8


def contents(handle: int, size: int) -> Contents:
    """Compare the count of samples in a file's header with its frames, and look for further streams."""
    streams = _streams(handle, size)
    if not streams or not all(stream.rate for stream in streams):
        return NOTHING_KNOWN
    first = streams[0]
    if len(streams) > 1:
        counted = [stream.samples / stream.rate for stream in streams]
        changes = [
            after.place - len(_MARK) for before, after in pairwise(streams) if before.kind != after.kind
        ]
        is_all = all(counted) and len(streams) < STREAMS
        return Contents(seconds=sum(counted) if is_all else 0.0, several=True, parts=tuple(changes))
    last = _last_frame(handle, size, first)
    if last is None:
        return NOTHING_KNOWN
    samples = last.end - _first_sample(handle, first)
    # The last frame's end is not looked for: it takes no more than the largest, or than its samples as they are.
    most = first.largest or (last.end - last.start) * 4 * 8
    damage = FOLLOWED if Window(handle, size).is_followed(last.place + most) else ""
    if not 0 < first.samples < samples:
        return Contents(seconds=samples / first.rate if not first.samples else 0.0, damage=damage)
    at = first.place + 13
    (before,) = os.pread(handle, 1, at)
    count = (((before & 0xF0) << 32) | samples).to_bytes(5, "big")
    damage = damage or "its header's length is wrong"
    return Contents(seconds=samples / first.rate, damage=damage, sizes={at: count})


def _streams(handle: int, size: int) -> list[_Stream]:
    """Return the headers of all streams in a file, in order."""
    found: list[_Stream] = []
    start = 0
    while start < size and len(found) < STREAMS:
        stretch = os.pread(handle, WINDOW + len(_MARK) + 34, start)
        at = stretch.find(_MARK)
        while 0 <= at < WINDOW and len(found) < STREAMS:
            block = stretch[at + len(_MARK) : at + len(_MARK) + 34]
            if len(block) == 34:
                written = int.from_bytes(block[10:18], "big")
                smallest, largest = (int.from_bytes(block[a:b], "big") for a, b in ((0, 2), (7, 10)))
                place = start + at + len(_MARK)
                found.append(_Stream(place, smallest, largest, written >> 36, written & ((1 << 36) - 1)))
            at = stretch.find(_MARK, at + 1)
        start += WINDOW
    return found


@dataclass(frozen=True)
class _Frame:
    """A frame's header: where it stands, and its samples by their number from the stream's start."""

    place: int
    start: int
    end: int


def _last_frame(handle: int, size: int, stream: _Stream) -> _Frame | None:
    """Return the last frame that the one before it leads to: bytes of sound may look like a single one."""
    near = _last_within(handle, size, stream, 1 << 16)
    return near or _last_within(handle, size, stream, WINDOW)


def _last_within(handle: int, size: int, stream: _Stream, count: int) -> _Frame | None:
    """Look for it in so many bytes at the end."""
    start = max(stream.place + 34, size - count)
    stretch = os.pread(handle, size - start, start)
    after: dict[int, _Frame] = {}
    for found in [match.start() for match in _SYNC.finditer(stretch)][: -TRIES - 1 : -1]:
        header = _frame(stretch[found : found + _HEADER], start + found, stream)
        if header and header.end in after:
            return after[header.end]
        if header:
            after.setdefault(header.start, header)
    return None


def _first_sample(handle: int, stream: _Stream) -> int:
    """Return the number of a stream's first sample: not 0 where it was cut out of another."""
    place = stream.place + 34
    (is_last,) = os.pread(handle, 1, stream.place - 4)
    for _ in range(TRIES):
        if is_last & 0x80:
            break
        head = os.pread(handle, 4, place)
        if len(head) < 4:
            return 0
        is_last, place = head[0], place + 4 + int.from_bytes(head[1:], "big")
    first = _frame(os.pread(handle, _HEADER, place), place, stream)
    return first.start if first else 0


def _frame(head: bytes, place: int, stream: _Stream) -> _Frame | None:
    """Read a frame's header; None where it is none of the stream."""
    head = head.ljust(_HEADER, b"\0")
    if head[:2] not in (b"\xff\xf8", b"\xff\xf9") or head[3] & 1:
        return None
    size_code, rate_code = head[2] >> 4, head[2] & 15
    ones = len(f"{head[4]:08b}".partition("0")[0])
    if size_code == 0 or rate_code == 15 or head[3] >> 4 > 10 or ones in (1, 8):
        return None
    number, at = head[4] & (0x7F >> ones), 5
    for byte in head[5 : 4 + max(ones, 1)]:
        number, at = number << 6 | byte & 0x3F, at + 1
    if size_code in (6, 7):
        samples = int.from_bytes(head[at : at + size_code - 5], "big") + 1
        at += size_code - 5
    else:
        samples = 192 if size_code == 1 else 576 << size_code - 2 if size_code < 6 else 256 << size_code - 8
    at += {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if at >= len(head) or _checksum(head[:at]) != head[at]:
        return None
    start = number if head[1] & 1 else number * stream.block
    return _Frame(place, start, start + samples)


def _checksum(head: bytes) -> int:
    value = 0
    for byte in head:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ 0x07 if value & 0x80 else value << 1) & 0xFF
    return value
