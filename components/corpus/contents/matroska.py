"""Matroska and WebM: elements (RFC 8794), of which the last must not go beyond the file's end."""

from __future__ import annotations

from components.corpus.contents.found import NOTHING_KNOWN, Contents
from components.corpus.contents.window import Window

MARK = b"\x1a\x45\xdf\xa3"
#: Elements that hold the others and, while they are recorded, do not know their size.
_SEGMENT, _CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"


def contents(handle: int, size: int) -> Contents:
    """Walk over the elements of a file up to one that is not all there."""
    window = Window(handle, size, stretch=1 << 12)
    place = 0
    while place < size and window.tries:
        window.tries -= 1
        head = window.at(place, 12)
        name = head[: _width(head)]
        width = _width(head[len(name) :])
        if not name or not width or len(head) < len(name) + width:
            break
        written = int.from_bytes(head[len(name) : len(name) + width], "big")
        start, length = place + len(name) + width, written & ((1 << 7 * width) - 1)
        is_known = length != (1 << 7 * width) - 1
        is_whole = is_known and start + length <= size
        if not is_whole and name in (_SEGMENT, _CLUSTER):
            place = start
        elif is_whole:
            place = start + length
        else:
            return Contents(damage="ends within an element of its container")
    return NOTHING_KNOWN


def _width(head: bytes) -> int:
    """Return how many bytes a number takes, by its first one; 0 where it is none."""
    return 9 - head[0].bit_length() if head and head[0] else 0
