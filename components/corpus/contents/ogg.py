"""Ogg: pages (RFC 3533)."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from components.corpus.contents.found import FOLLOWED, Contents
from components.corpus.contents.window import STREAMS, Window

#: Seconds that the first page of sound ends at, at the most, where a stream counts from its start.
COUNTED_FROM_0 = 10.0
_PAGE = re.compile(b"OggS")
#: The bytes with their bits in reverse: Ogg's checksum is that of zlib with all bits the other way round.
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class _Page(NamedTuple):
    place: int
    end: int
    flags: int
    granule: int
    serial: int
    number: int
    body: bytes


class _Sound(NamedTuple):
    """What a stream's first packet says."""

    codec: bytes
    rate: int
    channels: int
    samples: int = 0


@dataclass
class _Link:
    """One of the streams that follow each other."""

    place: int
    sound: _Sound | None = None
    serial: int = 0
    first: int = 0
    last: int = 0

    @property
    def seconds(self) -> float:
        """How long it is; 0 where it does not count from its start, as what was recorded from a broadcast."""
        if self.sound is None or not 0 < self.first < COUNTED_FROM_0 * self.sound.rate:
            return 0.0
        return max(self.last, self.sound.samples) / self.sound.rate


def contents(handle: int, size: int) -> Contents:
    """Walk over the pages of a file."""
    window = Window(handle, size)
    begun, ended, broken = False, False, False
    links = [_Link(0)]
    last: dict[int, int] = {}
    end = 0
    for skipped, page in _pages(window):
        if page.flags & 2:
            if begun and len(links) == STREAMS:
                break
            if begun:
                links.append(_Link(page.place))
            begun, ended = False, False
            if not links[-1].sound and (sound := _sound(page.body)):
                links[-1].sound, links[-1].serial = sound, page.serial
        else:
            begun = True
            broken = broken or page.number != last.get(page.serial, -2) + 1
        broken = broken or skipped > 0
        last[page.serial] = page.number
        link = links[-1]
        if link.sound and page.serial == link.serial:
            if page.granule > 0:
                link.last, link.first = page.granule, link.first or page.granule
            ended = ended or bool(page.flags & 4)
        end = page.end
    damage = "damaged in the middle" if broken else "" if ended or not begun else "ends before its last page"
    if not damage and window.is_followed(end):
        damage = FOLLOWED
    lengths = [link.seconds for link in links]
    changes = [
        after.place
        for before, after in pairwise(links)
        if before.sound and after.sound and before.sound[:3] != after.sound[:3]
    ]
    return Contents(
        seconds=sum(lengths) if all(lengths) and len(links) < STREAMS else 0.0,
        slack=0.1 * len(links),
        several=len(links) > 1,
        parts=tuple(changes),
        holes=broken,
        damage=damage,
    )


def _pages(window: Window) -> Iterator[tuple[int, _Page]]:
    """Yield the bytes before each page that are none, and the page."""
    place, skipped = 0, 0
    while place + 27 <= window.size:
        head = window.at(place, 27)
        if head[:4] == b"OggS" and head[4] == 0:
            flags, granule, serial, number, checksum = struct.unpack("<BqIII", head[5:26])
            start = 27 + head[26]
            length = start + sum(window.at(place + 27, head[26]))
            content = window.at(place, length)
            if len(content) == length and _checksum(content) == checksum:
                yield skipped, _Page(place, place + length, flags, granule, serial, number, content[start:])
                place, skipped = place + length, 0
                continue
        following = window.search(_PAGE, place + 1) if window.tries else None
        if following is None:
            return
        window.tries -= 1
        skipped, place = skipped + following - place, following


def _checksum(page: bytes) -> int:
    """Return the checksum of a page, in which its own place counts as 0."""
    reversed_bits = (page[:22] + bytes(4) + page[26:]).translate(_REVERSED)
    return int(f"{zlib.crc32(reversed_bits, 0xFFFFFFFF) ^ 0xFFFFFFFF:032b}"[::-1], 2)


def _sound(head: bytes) -> _Sound | None:
    """Read a stream's first packet; None where it is no sound of a known codec."""
    if head[:8] == b"OpusHead" and len(head) > 9:
        return _Sound(b"opus", 48_000, head[9])
    if head[:7] == b"\x01vorbis" and len(head) >= 16:
        return _known(_Sound(b"vorbis", int.from_bytes(head[12:16], "little"), head[11]))
    if head[:8] == b"Speex   " and len(head) >= 52:
        rate, channels = (int.from_bytes(head[at : at + 4], "little") for at in (36, 48))
        return _known(_Sound(b"speex", rate, channels))
    if head[:5] == b"\x7fFLAC" and len(head) >= 35:
        format_and_samples = int.from_bytes(head[27:35], "big")
        rate, channels = format_and_samples >> 44, (format_and_samples >> 41 & 7) + 1
        return _known(_Sound(b"flac", rate, channels, format_and_samples & ((1 << 36) - 1)))
    return None


def _known(sound: _Sound) -> _Sound | None:
    return sound if sound.rate > 0 else None
