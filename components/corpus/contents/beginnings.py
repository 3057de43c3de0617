"""Where in a file others of the same format begin: one after the other, each with a header of its own.

Their decoders stop at the first one's end. What a file is put together of, `cat` leaves so, and so do some recorders.
"""

from __future__ import annotations

import os
import re
from typing import Literal, NamedTuple

from components.corpus.contents.window import TRIES, WINDOW

#: Files in one, at the most, that are looked for: one more than are decoded.
MOST = 101
#: Bytes that hold any beginning.
_LONGEST = 80


class _Beginning(NamedTuple):
    """How files of a format begin: bytes to look for, where they stand, and a pattern that no other bytes match."""

    mark: bytes
    at: int
    pattern: re.Pattern[bytes]


def _beginning(mark: bytes, pattern: bytes, *, at: int = 0) -> _Beginning:
    return _Beginning(mark, at, re.compile(pattern, re.DOTALL))


#: The flag of WavPack's first block of all channels, in the second byte of its flags.
_INITIAL = b"[" + b"".join(re.escape(bytes([byte])) for byte in range(256) if byte & 8) + b"]"
_BEGINNINGS = (
    _beginning(b"RIFF", rb"RIFF.{4}(WAVE|AVI )[A-Za-z]{3}"),
    _beginning(b"RIFX", rb"RIFX.{4}WAVE[A-Za-z]{3}"),
    _beginning(b"RF64", rb"RF64.{4}WAVEds64"),
    _beginning(b"riff\x2e\x91\xcf\x11", rb"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb"),
    _beginning(b"FORM", rb"FORM.{4}(AIF[FC]|8SVX)[A-Z]{4}"),
    _beginning(b".snd\0", rb"\.snd\0\0.{6}\0\0\0[\x01-\x1b]"),
    _beginning(b"caff\0\x01", rb"caff\0\x01\0\0desc"),
    _beginning(b"ftyp", rb"\0\0..ftyp[ -~]{4}", at=4),
    _beginning(b"\x30\x26\xb2\x75", rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"),
    _beginning(b"\x1a\x45\xdf\xa3", rb"\x1a\x45\xdf\xa3.{1,40}\x42\x82.{1,8}(webm|matroska)"),
    _beginning(b"wvpk", rb"wvpk.{12}\0{4}(?!\0{4}).{5}" + _INITIAL),
    _beginning(b"TTA1", rb"TTA1[\x01-\x03]\0[\x01-\x10]\0[\x08\x10\x18\x20]\0"),
    _beginning(b"MAC ", rb"MAC [\x6e-\xff]\x0f\0\0"),
    _beginning(b"DSD \x1c", rb"DSD \x1c\0{7}"),
    _beginning(b"MPCKSH", rb"MPCKSH"),
    _beginning(b"FLV\x01", rb"FLV\x01[\0-\x05]\0\0\0\x09"),
    _beginning(b".RMF", rb"\.RMF\0\0\0\x12"),
    _beginning(b"#!AMR", rb"#!AMR(-WB)?\n"),
)

#: Formats of samples that begin with how long the file is, and the order of its bytes.
_ORDERS: dict[bytes, Literal["little", "big"]] = {b"RIFF": "little", b"RIFX": "big", b"FORM": "big"}


def find(handle: int, size: int) -> tuple[int, ...]:
    """Return where others begin after the first, in order.

    Parameters
    ----------
    handle : int
        An open file's descriptor, of which the place is not moved.
    size : int
        The file's bytes.
    """
    head = os.pread(handle, _LONGEST, 0)
    kind = next((kind for kind in _BEGINNINGS if kind.pattern.match(head)), None)
    found: list[int] = []
    # Samples are many bytes: those that lie within the first file's own size are not looked through.
    order = _ORDERS.get(head[:4])
    start = 8 + int.from_bytes(head[4:8], order) if order else 1
    tries = TRIES
    while kind and start < size and len(found) < MOST and tries:
        stretch = os.pread(handle, WINDOW + _LONGEST, start)
        at = stretch.find(kind.mark)
        while 0 <= at < WINDOW + kind.at and len(found) < MOST and tries:
            tries -= 1
            if at >= kind.at and kind.pattern.match(stretch, at - kind.at):
                found.append(start + at - kind.at)
            at = stretch.find(kind.mark, at + 1)
        start += WINDOW
    return tuple(found)
