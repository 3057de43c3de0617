"""Files of chunks whose sizes are wrong are refused before anything is written."""

from __future__ import annotations

import struct

import pytest

from components.core.errors import TaggingError
from components.tagging import tags, write
from tests.support import tagged_files


def with_sizes(path, *, whole, data):
    """Write other sizes into a WAV file's header."""
    content = bytearray(path.read_bytes())
    at = content.find(b"data")
    content[4:8], content[at + 4 : at + 8] = struct.pack("<I", whole), struct.pack("<I", data)
    path.write_bytes(content)


def refused(path):
    before = path.read_bytes()
    for check in (
        lambda: tags.check_file(path),
        lambda: write.write(path, ["Jazz"], field="genre", expected=write.state(path)),
    ):
        with pytest.raises(TaggingError, match="the sizes in its header"):
            check()
    assert path.read_bytes() == before


@pytest.fixture
def wav(tmp_path):
    return tagged_files.make(tmp_path / "song.wav")


def test_sizes_that_are_right_are_accepted(wav, tmp_path):
    tags.check_file(wav)
    tags.check_file(tagged_files.make(tmp_path / "song.aiff"))
    tags.write(wav, ["Jazz"])
    tags.check_file(wav)
    wav.write_bytes(wav.read_bytes() + b"what follows is no chunk")
    tags.check_file(wav)


@pytest.mark.parametrize("size", [0xFFFF_FFFF, 0x7FFF_FFFF])
def test_a_streaming_encoders(wav, size):
    with_sizes(wav, whole=size, data=size)
    refused(wav)


def test_half_a_sounds(wav):
    size = wav.stat().st_size
    with_sizes(wav, whole=size - 8, data=(size - 44) // 4 * 2)
    refused(wav)


def test_an_odd_one_without_its_padding(wav):
    wav.write_bytes(wav.read_bytes()[:-1])
    size = wav.stat().st_size
    with_sizes(wav, whole=size - 8, data=size - 44)
    refused(wav)


@pytest.mark.parametrize("suffix", [".wav", ".aiff"])
def test_a_sound_that_is_cut_off(tmp_path, suffix):
    path = tagged_files.make(tmp_path / f"song{suffix}")
    path.write_bytes(path.read_bytes()[:-1000])
    refused(path)


def test_no_room_in_the_size_of_the_whole(wav):
    with_sizes(wav, whole=0xFFFF_FFFF, data=wav.stat().st_size - 44)
    refused(wav)
