"""MPEG audio: frames (ISO/IEC 11172-3, 13818-3)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from components.corpus.contents.found import NOTHING_KNOWN, Contents
from components.corpus.contents.window import LEAST, Window

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
#: How a frame's header begins: sync, a version and a layer that exist, a bit rate of the table.
_HEADER = re.compile(rb"\xff(?=[\xe2-\xe7\xf2-\xf7\xfa-\xff][\x10-\xef])", re.DOTALL)


#: Frames of another kind that must follow one before it is the first of another file: of fewer, random bytes look so.
OTHERS = 8


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


@dataclass
class _Walked:
    """What a walk over the frames of a file has found.

    Attributes
    ----------
    first : Frame or None
        The first frame, or that of the latest part.
    own : tuple of int or None
        From :func:`_own_frame`, of the first frame.
    frames : int
        How many hold sound.
    held, gap : int
        Bytes of the frames, and between them.
    last : int
        Where the latest frame, or the tags right behind it, end.
    parts : list of int
        Where frames of another kind begin.
    """

    first: Frame | None = None
    own: tuple[int, int] | None = None
    frames: int = 0
    held: int = 0
    gap: int = 0
    last: int = 0
    parts: list[int] = field(default_factory=list)


def contents(handle: int, size: int) -> Contents:
    """Walk over the frames of a file."""
    window = Window(handle, size)
    walked = _walk(window)
    if walked.first is None or walked.frames < 1:
        return NOTHING_KNOWN
    if walked.parts:
        return Contents(parts=tuple(walked.parts))
    if (after := window.end() - walked.last) >= LEAST:
        walked.gap += after
    samples, rate = walked.first.samples, walked.first.rate
    promised, trimmed = walked.own or (0, 0)
    damaged = walked.gap / walked.held * walked.frames * samples / rate
    # Where the encoder counted more frames, the end is missing; or, if some are damaged, those.
    uncounted = promised - walked.frames
    missing = max(0.0, uncounted * samples / rate - damaged) if uncounted > 1 else 0.0
    torn = walked.gap > 0 or not window.tries
    damage = ""
    if torn:
        damage = "damaged in the middle"
    elif missing:
        damage = "truncated: short of its header's length"
    elif walked.last > size:
        damage = "ends within a frame"
    return Contents(
        seconds=(walked.frames * samples - trimmed) / rate + damaged + missing,
        damaged=damaged + missing,
        slack=2.0 * samples / rate,
        holes=torn,
        damage=damage,
    )


def _walk(window: Window) -> _Walked:
    walked, place, kind = _Walked(), 0, -1
    memo: dict[int, Frame | None] = {}
    while place + 4 <= window.size:
        word = int.from_bytes(window.at(place, 4), "big")
        # Of a stream the headers are few.
        found = memo[word] if word in memo else memo.setdefault(word, frame(word))
        if found and walked.first is None and _follow(window, place, found, 1):
            walked.first, walked.last, kind = found, place, found.kind
            walked.own = _own_frame(window.at(place, found.bytes))
            walked.frames -= walked.own is not None  # it is no sound
        if found and found.kind == kind:
            if walked.last < place:
                walked.gap += place - walked.last
            walked.frames += 1
            walked.held += found.bytes
            place = walked.last = place + found.bytes
        elif found and walked.first is None:
            place = _next_frame(window, place + 1, None) or window.size
        elif (tag := window.tag(place)) and place + tag <= window.size:
            walked.last += tag if walked.last == place else 0
            place += tag
        elif found and _follow(window, place, found, OTHERS):
            walked.parts.append(place)
            walked.first, kind = found, found.kind
            place = walked.last = place + found.bytes
        else:
            place = _next_frame(window, place + 1, walked.first) or window.size
    return walked


def _follow(window: Window, place: int, found: Frame, count: int) -> bool:
    """Return whether so many frames of the same kind follow the one at a place, or the file ends there."""
    after: Frame | None = found
    for _ in range(count):
        if after is None or after.kind != found.kind:
            return False
        place += after.bytes
        if place >= window.size - 4 or window.tag(place):
            return True
        after = frame(int.from_bytes(window.at(place, 4), "big"))
    return after is not None and after.kind == found.kind


def _next_frame(window: Window, place: int, like: Frame | None) -> int | None:
    """Return where the next frame begins that another one follows, or several where it is of another kind."""
    while window.tries:
        at = window.search(_HEADER, place)
        if at is None or at + 4 > window.size:
            return None
        found = frame(int.from_bytes(window.at(at, 4), "big"))
        if found and _follow(window, at, found, 1 if like is None or found.kind == like.kind else OTHERS):
            return at
        window.tries -= 1
        place = at + 1
    return None


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


def is_own_frame(packet: bytes) -> bool:
    """Return whether the first frame in a packet, maybe after a tag, is an encoder's own."""
    found = _HEADER.search(packet)
    return found is not None and _own_frame(packet[found.start() :]) is not None
