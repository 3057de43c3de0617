"""FLAC by its frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from components.corpus.contents.found import NOTHING_KNOWN, Contents
from components.corpus.contents.patched import Patched
from tests.unit.corpus.contents.conftest import RATE, SECONDS, encoded


@pytest.mark.parametrize(("count", "several"), [(1, False), (2, True)])
def test_flac_streams_are_counted(of: Callable[..., Contents], count: int, several: bool) -> None:
    assert of(count * encoded("FLAC"), form="FLAC").several is several


def test_two_of_different_rates_are_two_parts(of: Callable[..., Contents]) -> None:
    first = encoded("FLAC")
    found = of(first + encoded("FLAC", rate=48_000), form="FLAC")
    assert found.parts == (len(first),)
    assert found.seconds == pytest.approx(2 * SECONDS)


def with_samples(content: bytes, count: int) -> bytes:
    """With another count of samples in its header, of 36 bits from the middle of byte 21 on."""
    return content[:21] + bytes([content[21] & 0xF0]) + count.to_bytes(4, "big") + content[26:]


def test_the_frames_count_where_the_header_has_fewer_samples(
    of: Callable[..., Contents], tmp_path: Path
) -> None:
    whole = round(SECONDS * RATE)
    found = of(with_samples(encoded("FLAC"), whole // 2), form="FLAC")
    assert found.seconds == SECONDS and found.damage
    with (tmp_path / "file").open("rb") as file:
        assert soundfile.SoundFile(Patched(file.fileno(), found.sizes)).frames == whole


def test_a_right_header_stays(of: Callable[..., Contents]) -> None:
    assert of(encoded("FLAC"), form="FLAC") == NOTHING_KNOWN
    assert of(encoded("FLAC") + b"TAG" + bytes(125), form="FLAC") == NOTHING_KNOWN


def test_a_header_without_a_count(of: Callable[..., Contents]) -> None:
    found = of(with_samples(encoded("FLAC"), 0), form="FLAC")
    assert (found.seconds, found.sizes, found.damage) == (SECONDS, {}, "")


def test_what_follows_the_last_frame_is_named(of: Callable[..., Contents]) -> None:
    assert of(encoded("FLAC") + encoded("MP3") * 4, form="FLAC").damage
