"""Sound from FFmpeg's processes: blocks and their end, faults as what they are, a server that was killed."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from components.core.errors import AudioError, NotAudioError, TooLongError
from components.corpus import ffmpeg
from components.corpus.ffmpeg import BLOCK, END, FAULT, HEADER, MESSAGE, Stream

RATE, SECONDS = 22_050, 2.0
ABOUT = b'{"container": "wav", "codec": "pcm_s16le", "sample_rate": 8000, "channels": 1, "seconds": 1.0}'


def message(kind: bytes, content: bytes) -> bytes:
    return MESSAGE.pack(kind, len(content)) + content


def stream(*messages: bytes) -> Stream:
    return Stream(io.BytesIO(b"".join(messages)))


class TestMessages:
    def test_blocks_and_what_is_lost_at_their_end(self) -> None:
        sound = np.arange(3, dtype=np.float32)
        end = message(END, b'{"lost": 0.5, "damage": "damaged"}')
        read = stream(message(HEADER, ABOUT), message(BLOCK, sound.tobytes()), end)
        (block,) = read.blocks()
        np.testing.assert_array_equal(block, sound)
        assert (read.sample_rate, read.channels, read.seconds) == (8000, 1, 1.0)
        assert (read.lost, read.damage) == (0.5, "damaged")

    @pytest.mark.parametrize(
        ("reason", "kind"),
        [
            (ffmpeg.NO_HEADER, NotAudioError),
            (ffmpeg.NO_SOUND, NotAudioError),
            (f"{ffmpeg.TOO_LONG} 9 s", TooLongError),
            ("the decoder failed", AudioError),
        ],
    )
    def test_a_fault_is_raised_as_what_it_is(self, reason: str, kind: type[AudioError]) -> None:
        with pytest.raises(kind, match=reason) as caught:
            stream(message(FAULT, reason.encode()))
        assert type(caught.value) is kind

    @pytest.mark.parametrize("there", [b"", b"H", message(BLOCK, bytes(8))[:-2]])
    def test_what_stops_without_an_end_is_of_a_process_that_was_stopped(self, there: bytes) -> None:
        with pytest.raises(AudioError, match="stopped"):
            list(stream(message(HEADER, ABOUT), there).blocks())


@pytest.fixture
def song(tmp_path: Path) -> Path:
    y = np.random.default_rng(0).normal(0, 0.1, round(SECONDS * RATE)).astype(np.float32)
    soundfile.write(tmp_path / "song.flac", y, RATE, subtype="PCM_16")
    return tmp_path / "song.flac"


def test_a_file_is_decoded_and_its_descriptor_stays_where_it_is(song: Path) -> None:
    expected, _ = soundfile.read(song, dtype="float32")
    with song.open("rb") as file:
        file.seek(7)
        for _ in range(2):  # the second by the same server
            with ffmpeg.opened(file.fileno(), max_seconds=60.0) as read:
                y = np.concatenate(list(read.blocks()))
            assert (read.sample_rate, read.channels, read.lost) == (RATE, 1, 0.0)
            np.testing.assert_allclose(y, expected, atol=1e-6)
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 7


def test_what_is_too_long_or_no_sound_is_refused(song: Path, tmp_path: Path) -> None:
    with (
        song.open("rb") as file,
        pytest.raises(TooLongError),
        ffmpeg.opened(file.fileno(), max_seconds=1.0) as read,
    ):
        list(read.blocks())
    (tmp_path / "notes.txt").write_text("no sound " * 1000)
    with (
        (tmp_path / "notes.txt").open("rb") as file,
        pytest.raises(NotAudioError, match=ffmpeg.NO_HEADER),
        ffmpeg.opened(file.fileno(), max_seconds=60.0),
    ):
        pass


def test_a_server_that_was_killed_is_started_anew(song: Path) -> None:
    def decoded() -> int:
        with song.open("rb") as file, ffmpeg.opened(file.fileno(), max_seconds=60.0) as read:
            return sum(map(len, read.blocks()))

    whole = decoded()
    server = psutil.Process(ffmpeg._servers[os.getpid()]._process.pid)
    server.kill()
    ffmpeg._servers[os.getpid()]._process.wait()
    assert decoded() == whole == round(SECONDS * RATE)


def test_a_server_ends_though_a_forked_process_holds_its_socket(song: Path) -> None:
    with song.open("rb") as file, ffmpeg.opened(file.fileno(), max_seconds=60.0) as sound:
        list(sound.blocks())
    server = ffmpeg._servers[os.getpid()]
    with server._ours.dup():  # as the descriptor of a forked process
        server.close()
    assert not server.is_alive
