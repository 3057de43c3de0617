"""A file's bytes by their place, for walks over its frames or pages."""

from __future__ import annotations

import os
import re
import struct

#: Bytes read at once while frames are walked over.
WINDOW = 1 << 20
#: What looks like the header of a frame or a page and is none is looked at so often in a file; then the rest of it is
#: damage. Of bytes drawn at random one in some 4,000 begins such a one.
TRIES = 100_000
#: Streams that follow each other in a file are counted up to so many.
STREAMS = 10_000
#: Bytes of fewer than these after the sound are none that went missing, whatever they are.
LEAST = 1 << 14
#: The bytes of ID3's first version, which has no size.
_ID3V1 = 128


class Window:
    """Bytes of a file by their place, read a stretch at a time."""

    def __init__(self, handle: int, size: int, *, stretch: int = WINDOW) -> None:
        self._handle, self.size, self._stretch, self.tries = handle, size, stretch, TRIES
        self._start, self._bytes = 0, b""

    def at(self, place: int, count: int) -> bytes:
        """Return up to so many bytes from a place on."""
        low = place - self._start
        if low < 0 or low + count > len(self._bytes):
            self._start, self._bytes = place, os.pread(self._handle, max(count, self._stretch), place)
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

    def tag(self, place: int) -> int:
        """Return the bytes of a tag that begins at a place, 0 where none does."""
        head = self.at(place, 32)
        if head[:3] == b"ID3" and len(head) >= 10:
            size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
            return 10 + size + (10 if head[5] & 0x10 else 0)
        if head[:3] == b"TAG":
            return _ID3V1
        if head[:8] == b"APETAGEX" and len(head) == 32:
            size, flags = struct.unpack("<I4xI", head[12:24])
            return int(size) + (32 if flags & 1 << 29 else 0)
        return 0

    def end(self) -> int:
        """Return where the tags begin that are found from the file's end: of ID3's first version, APE and Lyrics3."""
        end = self.size
        if end >= _ID3V1 and self.at(end - _ID3V1, 3) == b"TAG":
            end -= _ID3V1
        foot = self.at(end - 32, 32) if end >= 32 else b""
        if foot[:8] == b"APETAGEX":
            size, flags = struct.unpack("<I4xI", foot[12:24])
            end -= int(size) + (32 if flags >> 31 else 0)
        elif foot[-9:] == b"LYRICS200" and foot[-15:-9].isdigit():
            end -= int(foot[-15:-9]) + 15
        return max(0, end)

    def is_followed(self, place: int) -> bool:
        """Return whether more stands from a place on than tags and erased bytes."""
        while self.tries and place < self.size and (tag := self.tag(place)):
            self.tries -= 1
            place += tag
        end = self.end()
        if end - place < LEAST:
            return False
        while place < end:
            stretch = self.at(place, min(WINDOW, end - place))
            if not stretch or stretch.strip(b"\0"):
                return bool(stretch)
            place += len(stretch)
        return False
