"""Ogg by its pages."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from components.corpus.contents.found import Contents
from tests.unit.corpus.contents.conftest import SECONDS, encoded


def test_a_whole_file(of: Callable[..., Contents]) -> None:
    found = of(encoded("OGG"), form="OGG")
    assert found.seconds == pytest.approx(SECONDS, abs=0.01)
    assert (found.several, found.holes, found.damage) == (False, False, "")


def test_two_in_one(of: Callable[..., Contents]) -> None:
    assert of(2 * encoded("OGG"), form="OGG").several


def test_a_page_that_is_missing_is_a_hole(of: Callable[..., Contents]) -> None:
    parts = encoded("OGG").split(b"OggS")
    del parts[len(parts) // 2 + 1]
    assert of(b"OggS".join(parts), form="OGG").holes


def test_no_last_page(of: Callable[..., Contents]) -> None:
    assert of(encoded("OGG").rpartition(b"OggS")[0], form="OGG").damage


def test_two_of_different_channels_are_two_parts(of: Callable[..., Contents]) -> None:
    first = encoded("OGG")
    found = of(first + encoded("OGG", channels=2), form="OGG")
    assert found.parts == (len(first),) and found.damage == ""
    assert found.seconds == pytest.approx(2 * SECONDS, abs=0.01)


def test_a_page_that_does_not_match_its_checksum_is_a_hole(of: Callable[..., Contents]) -> None:
    content = bytearray(encoded("OGG"))
    middle = len(content) // 2
    assert b"OggS" not in content[middle - 30 : middle + 30]
    content[middle] ^= 1
    found = of(bytes(content), form="OGG")
    assert found.holes and found.damage
    assert found.seconds == pytest.approx(SECONDS, abs=0.01)


def page(body: bytes, *, flags: int = 0, granule: int = 0, number: int = 0) -> bytes:
    """A page with its checksum (RFC 3533, 6), bit by bit."""
    head = b"OggS\0" + struct.pack("<BqII", flags, granule, 1, number)
    lengths = bytes([255] * (len(body) // 255) + [len(body) % 255])
    rest = bytes([len(lengths)]) + lengths + body
    value = 0
    for byte in head + bytes(4) + rest:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value >> 31 else value << 1) & 0xFFFFFFFF
    return head + struct.pack("<I", value) + rest


SPEEX = b"Speex   ".ljust(36, b"\0") + struct.pack("<5I", 16_000, 0, 0, 1, 0)
OGG_FLAC = (
    b"\x7fFLAC\1\0\0\1fLaC\0\0\0\x22" + bytes(10) + (16_000 << 44 | 15 << 36 | 64_000).to_bytes(8, "big")
)


@pytest.mark.parametrize(("first", "seconds"), [(SPEEX, 2.0), (OGG_FLAC, 4.0)])
def test_other_codecs_are_walked_over_too(of: Callable[..., Contents], first: bytes, seconds: float) -> None:
    half = page(first, flags=2) + page(bytes(100), number=1) + page(bytes(600), granule=32_000, number=2)
    found = of(half)
    assert found.damage and not found.holes
    assert found.seconds == seconds
    assert of(half + page(bytes(9), flags=4, granule=64_000, number=3)).damage == ""
