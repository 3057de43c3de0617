"""An open file of which some bytes read as others: those of a header that are wrong."""

from __future__ import annotations

import io
import os


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
