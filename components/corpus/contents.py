"""How much sound a file holds by its own frames, pages and chunks, whatever its header promises.

libsndfile reads up to the length that a header gives or that it estimates. An MP3 of variable bit rate without a
header may be estimated at a fifth of its length; of two files one after the other in one it reads the first; a size
that was never filled in, since the recorder lost its power, is no sound at all. Each is found here, without decoding.
"""

from __future__ import annotations

import io
import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

#: Bytes read at once while frames are walked over.
WINDOW = 1 << 20
#: What looks like the header of a frame or a page and is none is looked at so often in a file; then the rest of it is
#: damage. Of bytes drawn at random one in some 4,000 begins such a one.
TRIES = 100_000


@dataclass(frozen=True)
class Contents:
    """What was found.

    Attributes
    ----------
    seconds : float
        Length of the sound, what is damaged included; 0 where only decoding shows it.
    damaged : float
        Seconds of it that lie in bytes which are no frames.
    slack : float
        Seconds by which decoders differ where nothing is missing.
    several : bool
        Whether several streams follow each other.
    holes : bool
        Whether bytes in the middle are missing or overwritten.
    damage : str
        How, in words.
    share : float
        Share of the bytes that the header promises which are there, above 0 to 1.
    sizes : dict of int to bytes
        What sizes in a header of plain samples must be, by their place in the file, where they are wrong.
    """

    seconds: float = 0.0
    damaged: float = 0.0
    slack: float = 0.0
    several: bool = False
    holes: bool = False
    damage: str = ""
    share: float = 1.0
    sizes: dict[int, bytes] = field(default_factory=dict)


NOTHING_KNOWN = Contents()


def of(handle: int, *, form: str = "") -> Contents:
    """Look through a file.

    Parameters
    ----------
    handle : int
        Its descriptor, of which the place is not moved.
    form : str
        libsndfile's name of its format, where it knows it.
    """
    size = os.fstat(handle).st_size
    if form in ("MP3", "MPEG"):
        return _of_mpeg(handle, size)
    if form == "OGG":
        return _of_ogg(handle, size)
    if form == "FLAC":
        return Contents(several=_is_flac_again(handle, size))
    if form in ("WAV", "WAVEX", "AIFF", "AU"):
        sizes = _sizes(handle, size)
        return Contents(damage="sizes in its header are wrong" if sizes else "", sizes=sizes)
    promised = _promised_bytes(os.pread(handle, 1 << 12, 0)) if form in ("", "W64", "CAF") else 0
    return Contents(share=size / promised) if promised > size else NOTHING_KNOWN


class Patched(io.RawIOBase):
    """An open file of which some bytes read as others.

    Parameters
    ----------
    handle : int
        Its descriptor.
    patches : dict of int to bytes
        By place.
    """

    def __init__(self, handle: int, patches: dict[int, bytes]) -> None:
        self._handle, self._patches, self._place = handle, patches, 0

    def readable(self) -> bool:
        """Say that it is."""
        return True

    def seekable(self) -> bool:
        """Say that it is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read the next bytes."""
        content = bytearray(os.pread(self._handle, len(buffer), self._place))
        for place, other in self._patches.items():
            for number, byte in enumerate(other, start=place - self._place):
                if 0 <= number < len(content):
                    content[number] = byte
        buffer[: len(content)] = content
        self._place += len(content)
        return len(content)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, and return it."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: os.fstat(self._handle).st_size}[
            whence
        ]
        self._place = start + offset
        return self._place

    def tell(self) -> int:
        """Return the place."""
        return self._place


# --- MPEG audio: frames (ISO/IEC 11172-3, 13818-3)

#: kbit/s by index 1 to 14, of MPEG-1 by layer, and of MPEG-2 and 2.5.
_V1 = {
    1: (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    2: (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    3: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
}
_V2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_V2_LAYER_1 = (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256)
_RATES = (44_100, 48_000, 32_000)
#: Bits that all frames of a stream share: sync, version, layer, sample rate.
_SAME = 0xFFFE0C00
#: Tags that stand between or after frames, of a known size.
_ID3V1 = 128
#: How a frame's header begins: sync, a version and a layer that exist, a bit rate of the table.
_HEADER = re.compile(rb"\xff(?=[\xe2-\xe7\xf2-\xf7\xfa-\xff][\x10-\xef])", re.DOTALL)
_PAGE = re.compile(b"OggS")


class Frame(NamedTuple):
    """A frame's header."""

    bytes: int
    samples: int
    rate: int
    kind: int


def frame(word: int) -> Frame | None:
    """Read the header of an MPEG audio frame; None where the four bytes are none, or of free format."""
    version, layer = word >> 19 & 3, 4 - (word >> 17 & 3)
    index, rate_index = word >> 12 & 15, word >> 10 & 3
    if word >> 21 != 0x7FF or version == 1 or layer == 4 or not 0 < index < 15 or rate_index == 3:
        return None
    table = _V1[layer] if version == 3 else _V2_LAYER_1 if layer == 1 else _V2
    bits, padding = 1000 * table[index - 1], word >> 9 & 1
    rate = _RATES[rate_index] >> {3: 0, 2: 1, 0: 2}[version]
    if layer == 1:
        return Frame((12 * bits // rate + padding) * 4, 384, rate, word & _SAME)
    samples = 576 if layer == 3 and version != 3 else 1152
    return Frame(samples // 8 * bits // rate + padding, samples, rate, word & _SAME)


class _Window:
    """Bytes of a file by their place, read a stretch at a time."""

    def __init__(self, handle: int, size: int) -> None:
        self._handle, self.size, self.tries = handle, size, TRIES
        self._start, self._bytes = 0, b""

    def at(self, place: int, count: int) -> bytes:
        """Return up to so many bytes from a place on."""
        low = place - self._start
        if low < 0 or low + count > len(self._bytes):
            self._start, self._bytes = place, os.pread(self._handle, max(count, WINDOW), place)
            low = 0
        return self._bytes[low : low + count]

    def search(self, pattern: re.Pattern[bytes], place: int) -> int | None:
        """Return where a pattern of up to four bytes begins, from a place on."""
        while place + 4 <= self.size:
            self.at(place, 4)
            if found := pattern.search(self._bytes, place - self._start):
                return self._start + found.start()
            place = self._start + len(self._bytes) - 3
        return None


def _of_mpeg(handle: int, size: int) -> Contents:
    window = _Window(handle, size)
    place, first, last = 0, None, 0
    frames, held, gap = 0, 0, 0
    own: tuple[int, int] | None = None
    memo: dict[int, Frame | None] = {}
    while place + 4 <= size:
        start = window.at(place, 4)
        word = int.from_bytes(start, "big")
        # Of a stream the headers are few.
        found = memo[word] if word in memo else memo.setdefault(word, frame(word))
        if found and (first is None or found.kind == first.kind):
            if first is None:
                if not _follows(window, place + found.bytes, found):
                    place = _next_frame(window, place + 1, None) or size
                    continue
                first = found
                own = _own_frame(window.at(place, found.bytes))
                frames -= own is not None  # it is no sound
            elif last < place:
                gap += place - last
            frames, held = frames + 1, held + found.bytes
            place = last = place + found.bytes
        elif (tag := _tag(window, place)) and place + tag <= size:
            last += tag if last == place else 0
            place += tag
        else:
            place = _next_frame(window, place + 1, first) or size
    if first is None or frames < 1:
        return NOTHING_KNOWN
    rate = first.rate
    promised, trimmed = own or (0, 0)
    damaged = gap / held * frames * first.samples / rate
    # Where the encoder counted more frames, the end is missing; or, if some are damaged, those.
    missing = max(0.0, (promised - frames) * first.samples / rate - damaged) if promised - frames > 1 else 0.0
    torn = gap > 0 or not window.tries
    damage = "damaged in the middle" if torn else "truncated: short of its header's length" if missing else ""
    return Contents(
        seconds=(frames * first.samples - trimmed) / rate + damaged + missing,
        damaged=damaged + missing,
        slack=2.0 * first.samples / rate,
        holes=torn,
        damage=damage,
    )


def _follows(window: _Window, place: int, found: Frame) -> bool:
    """Return whether a frame of the same kind stands at a place, or the file ends there."""
    after = frame(int.from_bytes(window.at(place, 4), "big")) if place + 4 <= window.size else None
    return (
        place >= window.size - 4
        or (after is not None and after.kind == found.kind)
        or bool(_tag(window, place))
    )


def _next_frame(window: _Window, place: int, like: Frame | None) -> int | None:
    """Return where the next frame begins that another one follows."""
    while window.tries:
        at = window.search(_HEADER, place)
        if at is None or at + 4 > window.size:
            return None
        found = frame(int.from_bytes(window.at(at, 4), "big"))
        if found and (like is None or found.kind == like.kind) and _follows(window, at + found.bytes, found):
            return at
        window.tries -= 1
        place = at + 1
    return None


def _tag(window: _Window, place: int) -> int:
    """Return the bytes of a tag that begins at a place, 0 where none does."""
    head = window.at(place, 32)
    if head[:3] == b"ID3" and len(head) >= 10:
        size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        return 10 + size + (10 if head[5] & 0x10 else 0)
    if head[:3] == b"TAG":
        return _ID3V1
    if head[:8] == b"APETAGEX" and len(head) == 32:
        size, flags = struct.unpack("<I4xI", head[12:24])
        return int(size) + (32 if flags & 1 << 29 else 0)
    return 0


def _own_frame(content: bytes) -> tuple[int, int] | None:
    """Return what an encoder's own frame says; None where it is no such frame.

    The header of Xing, and what LAME puts after it.

    Returns
    -------
    frames : int
        How many follow, 0 where it does not say.
    trimmed : int
        Samples to leave out at both ends: delay and padding, 12 bits each.
    """
    at = max(content.find(b"Xing", 4, 48), content.find(b"Info", 4, 48))
    if at < 0:
        return None
    flags = int.from_bytes(content[at + 4 : at + 8], "big")
    frames = int.from_bytes(content[at + 8 : at + 12], "big") if flags & 1 else 0
    lame = at + 8 + 4 * (flags & 1) + 4 * (flags >> 1 & 1) + 100 * (flags >> 2 & 1) + 4 * (flags >> 3 & 1)
    if len(content) < lame + 24 or not content[lame : lame + 4].strip(b"\0"):
        return frames, 0
    both = int.from_bytes(content[lame + 21 : lame + 24], "big")
    return frames, (both >> 12) + (both & 0xFFF)


# --- Ogg: pages (RFC 3533)


#: Seconds that the first page of sound ends at, at the most, where a stream counts from its start.
COUNTED_FROM_0 = 10.0


class _Page(NamedTuple):
    bytes: int
    flags: int
    granule: int
    serial: int
    number: int
    body: int


def _pages(handle: int, size: int) -> Iterator[tuple[int, _Page]]:
    """Yield the bytes before each page that are none, and the page."""
    window, place, skipped = _Window(handle, size), 0, 0
    while place + 27 <= size:
        head = window.at(place, 27)
        if head[:4] == b"OggS" and head[4] == 0:
            flags, granule, serial, number = struct.unpack("<BqII", head[5:22])
            lengths = window.at(place + 27, head[26])
            page = _Page(27 + head[26] + sum(lengths), flags, granule, serial, number, place + 27 + head[26])
            if place + page.bytes <= size:
                yield skipped, page
                place, skipped = place + page.bytes, 0
                continue
        following = window.search(_PAGE, place + 1) if window.tries else None
        if following is None:
            return
        window.tries -= 1
        skipped, place = skipped + following - place, following


def _of_ogg(handle: int, size: int) -> Contents:
    begun, ended, broken, several, rate = False, False, False, False, 0
    last: dict[int, int] = {}
    first = granule = serial = 0
    for skipped, page in _pages(handle, size):
        if page.flags & 2:
            several = several or begun
            head = os.pread(handle, 40, page.body)
            if (of_sound := _granules(head)) and not rate:
                rate, serial = of_sound, page.serial
            ended = False
        else:
            begun = True
            broken = broken or page.number != last.get(page.serial, page.number - 1) + 1
        broken = broken or skipped > 0
        last[page.serial] = page.number
        if page.serial == serial and page.granule > 0:
            granule, first = page.granule, first or page.granule
        ended = ended or (page.serial == serial and bool(page.flags & 4))
    damage = "damaged in the middle" if broken else "" if ended or not begun else "ends before its last page"
    # What was recorded from a broadcast does not count from 0.
    counts = rate and not several and first < COUNTED_FROM_0 * rate
    seconds = granule / rate if counts else 0.0
    return Contents(seconds=seconds, slack=0.1, several=several, holes=broken, damage=damage)


def _granules(head: bytes) -> int:
    """Return what an Ogg stream counts a second, by its first packet; 0 where it is none of Vorbis or Opus."""
    if head[:8] == b"OpusHead":
        return 48_000
    return int.from_bytes(head[12:16], "little") if head[:7] == b"\x01vorbis" else 0


# --- FLAC


def _is_flac_again(handle: int, size: int) -> bool:
    """Return whether a second FLAC stream, with its STREAMINFO of 34 bytes, stands after the first."""
    mark = b"fLaC\x00\x00\x00\x22"
    place, seen = 0, 0
    while place < size:
        stretch = os.pread(handle, WINDOW, place)
        if not stretch:
            break
        seen += stretch.count(mark)
        place += max(1, len(stretch) - len(mark) + 1)
    return seen > 1


# --- plain samples: chunks


def _sizes(handle: int, size: int) -> dict[int, bytes]:
    """Return what the sizes in a header of plain samples must be, by place; empty where they are right."""
    head = os.pread(handle, 1 << 16, 0)
    if head[:4] == b".snd" and len(head) >= 24:
        start, samples = struct.unpack(">II", head[4:12])
        return {8: b"\xff" * 4} if samples != 0xFFFFFFFF and _is_sound(handle, start + samples, size) else {}
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        order, name = "<I", b"data"
    elif head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        order, name = ">I", b"SSND"
    else:
        return {}
    place = 12
    while place + 8 <= len(head):
        (length,) = struct.unpack(order, head[place + 4 : place + 8])
        end = place + 8 + length + (length & 1)
        if head[place : place + 4] == name:
            if not _is_sound(handle, min(end, place + 8 if length == 0 else end), size, order=order):
                return {}
            return {place + 4: b"\xff" * 4 if name == b"data" else struct.pack(order, size - place - 8)}
        place = end
    return {}


#: What the file properties of an ASF file (WMA) begin with; its size stands 40 bytes on.
_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def _promised_bytes(head: bytes) -> int:
    """Return how long a file is by its header, 0 where that does not say."""
    if head[:4] == b"RIFF" and len(head) >= 8:
        return 8 + int.from_bytes(head[4:8], "little")
    if head[:4] == b"riff" and len(head) >= 24:  # W64
        return int.from_bytes(head[16:24], "little")
    if (at := head.find(_ASF_FILE)) >= 0:
        return int.from_bytes(head[at + 40 : at + 48], "little")
    place = 8
    while head[:4] == b"caff" and place + 12 <= len(head):
        length = int.from_bytes(head[place + 4 : place + 12], "big", signed=True)
        if head[place : place + 4] == b"data" or length < 0:
            return max(0, place + 12 + length)
        place += 12 + length
    return 0


#: Bytes of fewer than these after the samples are no sound that went missing, whatever they are.
LEAST = 1 << 14


def _is_sound(handle: int, place: int, size: int, *, order: str = ">I") -> bool:
    """Return whether what stands after the samples is more of them: neither chunks nor a tag."""
    if size - place < LEAST:
        return False
    window = _Window(handle, size)
    if _tag(window, place):
        return False
    while place + 8 <= size:
        head = window.at(place, 8)
        if not all(32 <= byte < 127 for byte in head[:4]):
            return True
        (length,) = struct.unpack(order, head[4:])
        place += 8 + length + (length & 1)
    return place > size + 1
