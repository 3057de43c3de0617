"""Sizes in headers."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from components.corpus.contents.found import NOTHING_KNOWN, Contents
from components.corpus.contents.patched import Patched
from tests.unit.corpus.contents.conftest import RATE, SECONDS, encoded


def rifx() -> bytes:
    """A WAV of big-endian numbers."""
    written = io.BytesIO()
    noise = np.random.default_rng(0).normal(0, 0.1, round(SECONDS * RATE))
    soundfile.write(written, noise, RATE, format="WAV", endian="BIG")
    return written.getvalue()


def after_a_large_chunk() -> bytes:
    whole = encoded("WAV")
    at = whole.index(b"data")
    return whole[:at] + b"JUNK" + struct.pack("<I", 100_000) + bytes(100_000) + whole[at:]


def with_size(content: bytes, mark: bytes, skip: int, order: str, size: int) -> bytes:
    at = content.index(mark) + len(mark) + skip
    written = struct.pack(order, size)
    return content[:at] + written + content[at + len(written) :]


HALF = round(SECONDS * RATE)  # bytes: a sample takes two
WRONG = {
    f"{name}, {size} bytes": (form, with_size(content, mark, skip, order, size))
    for name, form, content, mark, skip, order in [
        ("wav", "WAV", encoded("WAV"), b"data", 0, "<I"),
        ("wav of big-endian numbers", "WAV", rifx(), b"data", 0, ">I"),
        ("wav with a large chunk first", "WAV", after_a_large_chunk(), b"data", 0, "<I"),
        ("wav of 64-bit sizes", "RF64", encoded("RF64"), b"ds64", 12, "<Q"),
        ("aiff", "AIFF", encoded("AIFF"), b"SSND", 0, ">I"),
        ("caf", "CAF", encoded("CAF"), b"data", 0, ">q"),
    ]
    for size in (0, HALF)
    if (name, size) != ("caf", 0)  # libsndfile reads it whole
}


def test_right_ones_stay(of: Callable[..., Contents]) -> None:
    for form in ("WAV", "AIFF", "AU", "CAF", "RF64"):
        assert of(encoded(form), form=form) == NOTHING_KNOWN
    assert of(rifx(), form="WAV") == NOTHING_KNOWN


@pytest.mark.parametrize("case", WRONG)
def test_one_that_leaves_sound_out_is_read_as_the_rest_of_the_file(
    of: Callable[..., Contents], tmp_path: Path, case: str
) -> None:
    form, content = WRONG[case]
    found = of(content, form=form)
    assert found.damage
    with (tmp_path / "file").open("rb") as file:
        mended = soundfile.SoundFile(Patched(file.fileno(), found.sizes))
        assert mended.frames == round(SECONDS * RATE)


def test_chunks_after_the_samples_are_no_sound(of: Callable[..., Contents]) -> None:
    more = b"LIST" + struct.pack("<I", 20_000) + bytes(20_000)
    assert of(encoded("WAV") + more, form="WAV").sizes == {}


def test_the_share_of_a_file_that_is_there(of: Callable[..., Contents]) -> None:
    whole = encoded("W64")
    assert of(whole[: len(whole) // 2], form="W64").share == pytest.approx(0.5, abs=0.01)
    assert of(whole, form="W64").share == 1.0


@pytest.mark.parametrize("size", [2**64 - 1, 2**63])
def test_a_size_that_is_not_known_promises_nothing(of: Callable[..., Contents], size: int) -> None:
    whole = encoded("W64")
    assert of(whole[:16] + struct.pack("<Q", size) + whole[24:], form="W64").share == 1.0
