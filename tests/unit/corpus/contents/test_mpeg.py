"""MPEG audio by its frames."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from components.corpus.contents import mpeg, window
from components.corpus.contents.found import Contents
from tests.unit.corpus.contents.conftest import SECONDS, encoded


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        # MPEG-1, layer 3, 128 kbit/s, 44.1 kHz: 144 * 128,000 / 44,100 bytes (ISO/IEC 11172-3, 2.4.3.1).
        (0xFFFB9000, (417, 1152, 44_100)),
        (0xFFFB9200, (418, 1152, 44_100)),
        # MPEG-2, layer 3, 64 kbit/s, 22.05 kHz.
        (0xFFF38000, (208, 576, 22_050)),
        # MPEG-1, layer 1, 32 kbit/s, 48 kHz: slots of four bytes.
        (0xFFFF1400, (32, 384, 48_000)),
    ],
)
def test_a_frame_has_the_size_of_the_standard(word: int, expected: tuple[int, int, int]) -> None:
    found = mpeg.frame(word)
    assert found is not None and found[:3] == expected


@pytest.mark.parametrize("word", [0x00000000, 0xFFFBF000, 0xFFFB0000, 0xFFFB9C00, 0xFFEB9000, 0x49443304])
def test_what_is_no_frame(word: int) -> None:
    assert mpeg.frame(word) is None


def test_a_whole_file(of: Callable[..., Contents]) -> None:
    found = of(encoded("MP3"), form="MP3")
    assert found.seconds == pytest.approx(SECONDS, abs=found.slack)
    assert (found.damaged, found.damage, found.holes) == (0.0, "", False)


def test_bytes_that_are_no_frames_are_damage(of: Callable[..., Contents]) -> None:
    content = bytearray(encoded("MP3"))
    middle, size = len(content) // 2, len(content) // 4
    content[middle : middle + size] = bytes(size)
    found = of(bytes(content), form="MP3")
    assert found.holes and found.damaged == pytest.approx(SECONDS / 4, abs=0.1)
    assert found.seconds == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize("byte", [b"\xff", b"\0"])
def test_erased_bytes_between_frames_are_passed_over_without_a_look_at_each(
    of: Callable[..., Contents], monkeypatch: pytest.MonkeyPatch, byte: bytes
) -> None:
    looks, content = [], encoded("MP3")
    monkeypatch.setattr(mpeg, "frame", lambda word, read=mpeg.frame: looks.append(word) or read(word))
    found = of(content + byte * 3_000_000 + content, form="MP3")
    assert found.seconds > 2 * SECONDS and found.holes
    assert len(looks) < 1_000


@pytest.mark.parametrize(("form", "mark"), [("MP3", b"\xff\xfb\x90\0"), ("OGG", b"OggS\xff")])
def test_what_looks_like_sound_for_too_long_is_damage(
    of: Callable[..., Contents], monkeypatch: pytest.MonkeyPatch, form: str, mark: bytes
) -> None:
    monkeypatch.setattr(window, "TRIES", 1_000)
    content = encoded(form)
    found = of(content[: len(content) // 2] + mark * 100_000 + content, form=form)
    assert found.damage


def test_a_tag_at_the_end_is_none(of: Callable[..., Contents]) -> None:
    found = of(encoded("MP3") + b"TAG" + bytes(125), form="MP3")
    assert (found.damaged, found.holes) == (0.0, False)


def test_half_a_file_misses_the_other(of: Callable[..., Contents]) -> None:
    content = encoded("MP3")
    found = of(content[: len(content) // 2], form="MP3")
    assert "truncated" in found.damage and found.damaged == pytest.approx(SECONDS / 2, abs=0.1)


def test_frames_of_another_rate_are_another_part(of: Callable[..., Contents]) -> None:
    first = encoded("MP3")
    assert of(first + encoded("MP3", rate=48_000) + first, form="MP3").parts == (
        len(first),
        len(first + encoded("MP3", rate=48_000)),
    )


@pytest.mark.parametrize("after", [bytes(20_000), b"no frame" * 2_500])
def test_bytes_after_the_last_frame_are_damage(of: Callable[..., Contents], after: bytes) -> None:
    found = of(encoded("MP3") + after, form="MP3")
    assert found.damaged > 0.5 and found.damage
    assert found.seconds == pytest.approx(SECONDS + found.damaged, abs=0.1)


def test_a_last_frame_that_is_not_all_there_is_named(of: Callable[..., Contents]) -> None:
    content = encoded("MP3")
    at = content.find(b"\xff\xfb", 500)  # without the encoder's own frame, which counts the others
    cut = of(content[at:-20], form="MP3")
    assert (cut.holes, cut.damaged) == (False, 0.0) and cut.damage


APE = struct.pack("<4I8x", 2000, 20_032, 1, 0)


@pytest.mark.parametrize(
    "tag",
    [
        b"APETAGEX"
        + APE[:12]
        + struct.pack("<I8x", 5 << 29)
        + bytes(20_000)
        + b"APETAGEX"
        + APE[:12]
        + bytes(12),
        bytes(20_000) + b"APETAGEX" + APE,
        bytes(20_000) + b"APETAGEX" + APE + b"TAG" + bytes(125),
        b"LYRICSBEGIN" + bytes(20_000) + b"020011LYRICS200",
    ],
)
def test_a_large_tag_after_the_last_frame_is_no_damage(of: Callable[..., Contents], tag: bytes) -> None:
    found = of(encoded("MP3") + tag, form="MP3")
    assert (found.damaged, found.damage, found.parts) == (0.0, "", ())
