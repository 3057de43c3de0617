"""Matroska by its elements."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from components.corpus.contents.found import NOTHING_KNOWN, Contents

HEADER = b"\x1a\x45\xdf\xa3\x83\1\2\3"
SEGMENT, CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
UNKNOWN = b"\x01" + b"\xff" * 7
BLOCKS = 20 * (b"\xa3\x40\x64" + bytes(100))  # each of 100 bytes, in a size of two


@pytest.mark.parametrize(
    "content",
    [
        HEADER + SEGMENT + UNKNOWN + CLUSTER + UNKNOWN + BLOCKS + CLUSTER + UNKNOWN + BLOCKS,
        HEADER + SEGMENT + UNKNOWN + CLUSTER + b"\x48\x0c" + BLOCKS,
        HEADER + SEGMENT + b"\x10\0\x08\x12" + CLUSTER + b"\x48\x0c" + BLOCKS,
    ],
)
def test_an_element_must_end_within_the_file(of: Callable[..., Contents], content: bytes) -> None:
    assert of(content) == NOTHING_KNOWN
    assert of(content[:-1]).damage
    # What is no element is damage that decoding shows.
    assert of(content[:-3] + bytes(300)) == NOTHING_KNOWN


def test_no_elements(of: Callable[..., Contents]) -> None:
    assert of(HEADER[:4]) == NOTHING_KNOWN
