"""How much sound a file holds by its own frames, pages and chunks."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from components.corpus import contents
from components.corpus.contents import Contents

RATE, SECONDS = 44_100, 2.0


def encoded(form: str, **options: str) -> bytes:
    noise = np.random.default_rng(0).normal(0, 0.1, round(SECONDS * RATE)).astype(np.float32)
    written = io.BytesIO()
    soundfile.write(written, noise, RATE, format=form, **options)
    return written.getvalue()


@pytest.fixture
def of(tmp_path: Path) -> Callable[..., Contents]:
    def looked_through(content: bytes, *, form: str = "") -> Contents:
        (tmp_path / "file").write_bytes(content)
        with (tmp_path / "file").open("rb") as file:
            return contents.of(file.fileno(), form=form)

    return looked_through


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
    found = contents.frame(word)
    assert found is not None and found[:3] == expected


@pytest.mark.parametrize("word", [0x00000000, 0xFFFBF000, 0xFFFB0000, 0xFFFB9C00, 0xFFEB9000, 0x49443304])
def test_what_is_no_frame(word: int) -> None:
    assert contents.frame(word) is None


class TestMpeg:
    def test_a_whole_file(self, of: Callable[..., Contents]) -> None:
        found = of(encoded("MP3"), form="MP3")
        assert found.seconds == pytest.approx(SECONDS, abs=found.slack)
        assert (found.damaged, found.damage, found.holes) == (0.0, "", False)

    def test_bytes_that_are_no_frames_are_damage(self, of: Callable[..., Contents]) -> None:
        content = bytearray(encoded("MP3"))
        middle, size = len(content) // 2, len(content) // 4
        content[middle : middle + size] = bytes(size)
        found = of(bytes(content), form="MP3")
        assert found.holes and found.damaged == pytest.approx(SECONDS / 4, abs=0.1)
        assert found.seconds == pytest.approx(SECONDS, abs=0.1)

    @pytest.mark.parametrize("byte", [b"\xff", b"\0"])
    def test_erased_bytes_between_frames_are_passed_over_without_a_look_at_each(
        self, of: Callable[..., Contents], monkeypatch: pytest.MonkeyPatch, byte: bytes
    ) -> None:
        looks, content = [], encoded("MP3")
        monkeypatch.setattr(
            contents, "frame", lambda word, read=contents.frame: looks.append(word) or read(word)
        )
        found = of(content + byte * 3_000_000 + content, form="MP3")
        assert found.seconds > 2 * SECONDS and found.holes
        assert len(looks) < 1_000

    @pytest.mark.parametrize(("form", "mark"), [("MP3", b"\xff\xfb\x90\0"), ("OGG", b"OggS\xff")])
    def test_what_looks_like_sound_for_too_long_is_damage(
        self, of: Callable[..., Contents], monkeypatch: pytest.MonkeyPatch, form: str, mark: bytes
    ) -> None:
        monkeypatch.setattr(contents, "TRIES", 1_000)
        content = encoded(form)
        found = of(content[: len(content) // 2] + mark * 100_000 + content, form=form)
        assert found.damage

    def test_a_tag_at_the_end_is_none(self, of: Callable[..., Contents]) -> None:
        found = of(encoded("MP3") + b"TAG" + bytes(125), form="MP3")
        assert (found.damaged, found.holes) == (0.0, False)

    def test_half_a_file_misses_the_other(self, of: Callable[..., Contents]) -> None:
        content = encoded("MP3")
        found = of(content[: len(content) // 2], form="MP3")
        assert "truncated" in found.damage and found.damaged == pytest.approx(SECONDS / 2, abs=0.1)


class TestOgg:
    def test_a_whole_file(self, of: Callable[..., Contents]) -> None:
        found = of(encoded("OGG"), form="OGG")
        assert found.seconds == pytest.approx(SECONDS, abs=0.01)
        assert (found.several, found.holes, found.damage) == (False, False, "")

    def test_two_in_one(self, of: Callable[..., Contents]) -> None:
        assert of(2 * encoded("OGG"), form="OGG").several

    def test_a_page_that_is_missing_is_a_hole(self, of: Callable[..., Contents]) -> None:
        parts = encoded("OGG").split(b"OggS")
        del parts[len(parts) // 2 + 1]
        assert of(b"OggS".join(parts), form="OGG").holes

    def test_no_last_page(self, of: Callable[..., Contents]) -> None:
        assert of(encoded("OGG").rpartition(b"OggS")[0], form="OGG").damage


@pytest.mark.parametrize(("count", "several"), [(1, False), (2, True)])
def test_flac_streams_are_counted(of: Callable[..., Contents], count: int, several: bool) -> None:
    assert of(count * encoded("FLAC"), form="FLAC").several is several


class TestSizes:
    def test_right_ones_stay(self, of: Callable[..., Contents]) -> None:
        for form in ("WAV", "AIFF", "AU"):
            assert of(encoded(form), form=form) == contents.NOTHING_KNOWN

    def test_one_that_was_never_filled_in_is_read_as_the_rest_of_the_file(
        self, of: Callable[..., Contents], tmp_path: Path
    ) -> None:
        whole = encoded("WAV")
        at = whole.index(b"data") + 4
        found = of(whole[:at] + bytes(4) + whole[at + 4 :], form="WAV")
        assert list(found.sizes) == [at] and found.damage
        with (tmp_path / "file").open("rb") as file:
            mended = soundfile.SoundFile(contents.Patched(file.fileno(), found.sizes))
            assert mended.frames == round(SECONDS * RATE)

    def test_chunks_after_the_samples_are_no_sound(self, of: Callable[..., Contents]) -> None:
        more = b"LIST" + struct.pack("<I", 20_000) + bytes(20_000)
        assert of(encoded("WAV") + more, form="WAV").sizes == {}


def test_the_share_of_a_file_that_is_there(of: Callable[..., Contents]) -> None:
    whole = encoded("W64")
    assert of(whole[: len(whole) // 2], form="W64").share == pytest.approx(0.5, abs=0.01)
    assert of(whole, form="W64").share == 1.0


def test_patched_bytes_read_as_others_at_any_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(range(20)))
    with (tmp_path / "file").open("rb") as file:
        patched = contents.Patched(file.fileno(), {4: b"abcd"})
        assert patched.read(6) == b"\0\1\2\3ab"
        assert patched.seek(6) == 6 and patched.read(4) == b"cd\x08\x09"
        assert patched.seek(-2, os.SEEK_END) == 18 and patched.read() == b"\x12\x13"
        assert patched.tell() == 20
