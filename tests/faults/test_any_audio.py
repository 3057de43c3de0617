"""Files as people have them, made by the encoders of FFmpeg and libsndfile: at their true length, or what is lost."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import av
import numpy as np
import pytest
import soundfile

from components.core.errors import AudioError
from components.corpus import audio, decoding
from components.corpus.audio_files import Measured
from components.corpus.decoding import Played

RATE, SECONDS = 44_100, 4.0
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def music(seconds: float, rate: int, channels: int) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    y = 0.3 * np.sin(2 * np.pi * 440 * time) + np.random.default_rng(0).normal(0, 0.05, len(time))
    return np.stack([y] * channels, axis=1).astype(np.float32)


class Pipe:
    """Takes bytes one after the other: a header that was written stays as it is."""

    def __init__(self) -> None:
        self.content = b""

    def write(self, content: bytes) -> int:
        self.content += bytes(content)
        return len(content)

    def getvalue(self) -> bytes:
        return self.content


def by_ffmpeg(
    codec: str,
    container: str,
    *,
    rate: int = RATE,
    channels: int = 2,
    y: np.ndarray | None = None,
    piped: bool = False,
    **options: str,
) -> bytes:
    written = Pipe() if piped else io.BytesIO()
    y = music(SECONDS, rate, channels) if y is None else y
    muxer = {"write_xing": options.pop("write_xing")} if "write_xing" in options else {}
    with av.open(written, "w", format=container, options=muxer) as made:
        stream = made.add_stream(codec, rate=rate, layout=LAYOUTS[channels], options=options)
        stream.bit_rate = 128_000
        size = 1024
        for first in range(0, len(y), size):
            part = np.ascontiguousarray(y[first : first + size].reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(part, format="flt", layout=LAYOUTS[channels])
            frame.sample_rate, frame.pts = rate, first
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    return written.getvalue()


def by_libsndfile(container: str, *, rate: int = RATE, subtype: str | None = None) -> bytes:
    written = io.BytesIO()
    soundfile.write(written, music(SECONDS, rate, 2), rate, format=container, subtype=subtype)
    return written.getvalue()


def play(content: bytes) -> Played[Measured]:
    return audio.play(content, make=Measured)


MADE: dict[str, Callable[[], bytes]] = {
    "aac in m4a": lambda: by_ffmpeg("aac", "ipod"),
    "aac in m4a, mono": lambda: by_ffmpeg("aac", "ipod", channels=1),
    "aac in m4a, 5.1": lambda: by_ffmpeg("aac", "ipod", channels=6),
    "aac at 22 kHz": lambda: by_ffmpeg("aac", "ipod", rate=22_050),
    "alac in m4a": lambda: by_ffmpeg("alac", "ipod"),
    "aac alone": lambda: by_ffmpeg("aac", "adts"),
    "aac in mp4": lambda: by_ffmpeg("aac", "mp4"),
    "aac in mov": lambda: by_ffmpeg("aac", "mov"),
    "aac in 3gp": lambda: by_ffmpeg("aac", "3gp"),
    "aac in matroska": lambda: by_ffmpeg("aac", "matroska"),
    "aac in flv": lambda: by_ffmpeg("aac", "flv"),
    "aac in mpegts": lambda: by_ffmpeg("aac", "mpegts"),
    "opus in webm": lambda: by_ffmpeg("libopus", "webm", rate=48_000),
    "opus in matroska": lambda: by_ffmpeg("libopus", "matroska", rate=48_000),
    "opus in ogg": lambda: by_libsndfile("OGG", rate=48_000, subtype="OPUS"),
    "wma": lambda: by_ffmpeg("wmav2", "asf"),
    "wma 1": lambda: by_ffmpeg("wmav1", "asf"),
    "wavpack": lambda: by_ffmpeg("wavpack", "wv"),
    "true audio": lambda: by_ffmpeg("tta", "tta"),
    "ac3": lambda: by_ffmpeg("ac3", "ac3", rate=48_000),
    "eac3": lambda: by_ffmpeg("eac3", "eac3", rate=48_000),
    "amr": lambda: by_ffmpeg("libopencore_amrnb", "amr", rate=8_000, channels=1),
    "realaudio": lambda: by_ffmpeg("real_144", "rm", rate=8_000, channels=1),
    "mp2": lambda: by_ffmpeg("mp2", "mp2"),
    "mp2 in mpegts": lambda: by_ffmpeg("mp2", "mpegts"),
    "pcm in avi": lambda: by_ffmpeg("pcm_s16le", "avi"),
    "pcm in matroska": lambda: by_ffmpeg("pcm_s24le", "matroska"),
    "pcm in mov": lambda: by_ffmpeg("pcm_s16be", "mov"),
    "flac in matroska": lambda: by_ffmpeg("flac", "matroska"),
    "mp3 in matroska": lambda: by_ffmpeg("libmp3lame", "matroska"),
    "mp3": lambda: by_ffmpeg("libmp3lame", "mp3"),
    "mp3 without its first frame": lambda: without_first_frame(by_ffmpeg("libmp3lame", "mp3")),
    "mp3 without xing": lambda: by_ffmpeg("libmp3lame", "mp3", write_xing="0"),
    "mp3 in wav": lambda: by_ffmpeg("libmp3lame", "wav"),
    "mp3 in avi": lambda: by_ffmpeg("libmp3lame", "avi"),
    "aac alone with a tag": lambda: b"ID3\4\0\0\0\0\x7f\x7f" + bytes(0x3FFF) + by_ffmpeg("aac", "adts"),
    "wma, piped": lambda: by_ffmpeg("wmav2", "asf", piped=True),
    "w64, piped": lambda: by_ffmpeg("pcm_s16le", "w64", piped=True),
    "webm, piped": lambda: by_ffmpeg("libopus", "webm", rate=48_000, piped=True),
    "flac": lambda: by_libsndfile("FLAC"),
    "flac of unknown length": lambda: of_unknown_length(by_libsndfile("FLAC")),
    "ogg": lambda: by_libsndfile("OGG"),
    "caf": lambda: by_libsndfile("CAF"),
    "w64": lambda: by_libsndfile("W64"),
    "aiff": lambda: by_libsndfile("AIFF"),
    "wav with a tag after it": lambda: by_libsndfile("WAV") + b"TAG" + bytes(125),
    "wav with a chunk after it": lambda: by_libsndfile("WAV") + b"LIST" + struct.pack("<I", 20_000) + bytes(20_000),
    "wav whose size is 0": lambda: with_size(by_libsndfile("WAV"), b"data", "<I", 0),
    "wav whose size is too small": lambda: with_size(by_libsndfile("WAV"), b"data", "<I", 40_000),
    "wav whose size is unknown": lambda: with_size(by_libsndfile("WAV"), b"data", "<I", 0xFFFFFFFF),
    "aiff whose size is too small": lambda: with_size(by_libsndfile("AIFF"), b"SSND", ">I", 40_000),
    "au whose size is too small": lambda: with_size(by_libsndfile("AU"), b".snd\0\0\0\x18", ">I", 40_000, skip=0),
}  # fmt: skip


def frame_size(content: bytes, at: int) -> int:
    """Of a frame of MPEG-1, layer 3."""
    rates = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    return 144_000 * rates[content[at + 2] >> 4] // RATE + (content[at + 2] >> 1 & 1)


def without_first_frame(content: bytes) -> bytes:
    at = content.index(b"\xff\xfb")
    return content[at + frame_size(content, at) :]


def of_unknown_length(content: bytes) -> bytes:
    data = bytearray(content)
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    return bytes(data)


def with_size(content: bytes, mark: bytes, order: str, size: int, *, skip: int = 0) -> bytes:
    at = content.index(mark) + len(mark) + skip
    return content[:at] + struct.pack(order, size) + content[at + 4 :]


@pytest.mark.parametrize("case", MADE)
def test_it_is_used_at_its_true_length(case: str) -> None:
    played = play(MADE[case]())
    # An encoder pads to whole frames at both ends, and some containers do not say by how much.
    assert SECONDS - 0.01 <= played.seconds <= SECONDS + 0.12
    assert played.lost == 0.0
    assert played.receiver.highest > 0.3 and played.receiver.unfinite == 0


def monkeys_audio(seconds: int = 2) -> bytes:
    """Silence of Monkey's Audio, for which FFmpeg has no encoder: one frame that says that both channels are silent."""
    samples, both_silent, checksum = seconds * RATE, 3, 1 << 31
    frame = struct.pack("<5I", checksum, both_silent, 0, 0, 0)
    descriptor = b"MAC " + struct.pack("<2H7I", 3990, 0, 52, 24, 4, 0, len(frame), 0, 0) + bytes(16)
    fast, bits, channels = 1000, 16, 2
    header = struct.pack("<2H3I2HI", fast, 0, samples, samples, 1, bits, channels, RATE)
    where = len(descriptor) + len(header) + 4
    return descriptor + header + struct.pack("<I", where) + frame


def musepack(frames: int = 40) -> bytes:
    """Silence of Musepack (stream version 7), for which there is none either: frames of 1,152 samples with no band."""
    bits = 8 * "0" + frames * (f"{8:020b}" + 8 * "0")  # each says in 20 bits how long it is
    bits += (32 - len(bits) % 32 + 32) * "0"
    words = (int(bits[at : at + 32], 2) for at in range(0, len(bits), 32))
    return b"MP+\x07" + struct.pack("<I", frames) + bytes(16) + b"".join(struct.pack("<I", w) for w in words)


@pytest.mark.parametrize(("content", "samples"), [(monkeys_audio(), 2 * RATE), (musepack(), 40 * 1152)])
def test_what_no_encoder_is_here_for_is_opened_and_decoded(content: bytes, samples: int) -> None:
    played = play(content)
    assert (played.samples, played.sample_rate, played.channels) == (samples, RATE, 2)
    assert (played.lost, played.receiver.highest) == (0.0, 0.0)


def damaged(content: bytes, *, size: int, at: float = 0.5) -> bytes:
    data = bytearray(content)
    start = round(len(data) * at)
    data[start : start + size] = np.random.default_rng(0).bytes(size)
    return bytes(data)


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def loud_first() -> bytes:
    """A VBR MP3 without a header: libsndfile takes the first frames' rate for all, and reads a fifth of it."""
    loud = np.random.default_rng(0).normal(0, 0.2, RATE).astype(np.float32)
    y = np.concatenate([loud, np.zeros(4 * RATE, dtype=np.float32)])[:, np.newaxis]
    return by_ffmpeg(
        "libmp3lame", "mp3", channels=1, y=y, write_xing="0", flags="+qscale", global_quality="500"
    )


# Seconds of what is used, and of what is lost; a damaged part costs the frames that it touches.
PARTLY: dict[str, tuple[Callable[[], bytes], float, float]] = {
    "mp3, a bad frame": (lambda: damaged(by_ffmpeg("libmp3lame", "mp3"), size=450), 4.0, 0.03),
    "mp3, a hole": (lambda: damaged(by_ffmpeg("libmp3lame", "mp3"), size=8_000), 3.5, 0.5),
    "mp3, half": (lambda: half(by_ffmpeg("libmp3lame", "mp3")), 2.0, 2.0),
    "mp3, a hole, no xing": (lambda: damaged(by_ffmpeg("libmp3lame", "mp3", write_xing="0"), size=8_000), 3.5, 0.5),
    "flac, a hole": (lambda: damaged(by_libsndfile("FLAC"), size=300), 3.9, 0.1),
    "flac, half": (lambda: half(by_libsndfile("FLAC")), 2.0, 2.0),
    "alac in matroska, half": (lambda: half(by_ffmpeg("alac", "matroska")), 2.0, 2.0),
    "opus in webm, half": (lambda: half(by_ffmpeg("libopus", "webm", rate=48_000)), 2.0, 2.0),
    "wavpack, half": (lambda: half(by_ffmpeg("wavpack", "wv")), 2.0, 2.0),
    "wma, half": (lambda: half(by_ffmpeg("wmav2", "asf")), 2.0, 2.0),
    "wav, half": (lambda: half(by_libsndfile("WAV")), 2.0, 2.0),
    "aiff, half": (lambda: half(by_libsndfile("AIFF")), 2.0, 2.0),
    "au, half": (lambda: half(by_libsndfile("AU")), 2.0, 2.0),
    "caf, half": (lambda: half(by_libsndfile("CAF")), 2.0, 2.0),
    "w64, half": (lambda: half(by_libsndfile("W64")), 2.0, 2.0),
    "avi, half": (lambda: half(by_ffmpeg("pcm_s16le", "avi")), 2.0, 2.0),
}  # fmt: skip


@pytest.mark.parametrize("case", PARTLY)
def test_what_is_lost_is_said(case: str) -> None:
    make, seconds, lost = PARTLY[case]
    played = play(make())
    assert played.seconds == pytest.approx(seconds, abs=0.35)
    assert played.lost == pytest.approx(lost, abs=0.35) and played.lost > 0
    assert played.damage


def test_a_length_that_is_estimated_from_the_bytes_says_nothing_of_what_is_missing() -> None:
    played = play(by_ffmpeg("wmav2", "asf", y=music(20.0, RATE, 2), piped=True))
    assert played.seconds == pytest.approx(20.0, abs=0.1)
    assert (played.lost, played.damage) == (0.0, "")


def erased(content: bytes) -> bytes:
    """With a twentieth of its bytes 0 in the middle."""
    middle, size = len(content) // 2, len(content) // 20
    return content[:middle] + bytes(size) + content[middle + size :]


ERASED: dict[str, Callable[[], bytes]] = {
    "aac alone": lambda: by_ffmpeg("aac", "adts"),
    "aac in m4a": lambda: by_ffmpeg("aac", "ipod"),
    "ac3": lambda: by_ffmpeg("ac3", "ac3", rate=48_000),
    "eac3": lambda: by_ffmpeg("eac3", "eac3", rate=48_000),
    "aac in flv": lambda: by_ffmpeg("aac", "flv"),
    "aac in mpegts": lambda: by_ffmpeg("aac", "mpegts"),
    "mp2 in mpeg": lambda: by_ffmpeg("mp2", "mpeg"),
    "mp3 in avi": lambda: by_ffmpeg("libmp3lame", "avi"),
    "wma": lambda: by_ffmpeg("wmav2", "asf"),
    "webm without a length": lambda: by_ffmpeg("libopus", "webm", rate=48_000, piped=True),
    "true audio": lambda: by_ffmpeg("tta", "tta", y=music(8.0, RATE, 2)),  # frames of a second
    "wavpack": lambda: by_ffmpeg("wavpack", "wv"),
    "flac in ogg": lambda: by_ffmpeg("flac", "ogg"),
}


@pytest.mark.parametrize("case", ERASED)
def test_of_what_was_erased_all_is_said_to_be_lost(case: str) -> None:
    whole, part = play(ERASED[case]()), play(erased(ERASED[case]()))
    missing = whole.seconds - part.seconds
    assert missing > 0.1 and part.damage
    assert part.lost == pytest.approx(missing, abs=0.06)


#: Cut at their middle; how much is missing stands nowhere.
CUT: dict[str, Callable[[], bytes]] = {
    "webm without a length": lambda: by_ffmpeg("libopus", "webm", rate=48_000, piped=True),
    "mp2": lambda: by_ffmpeg("mp2", "mp2"),
    "ogg": lambda: by_libsndfile("OGG"),
    "flac in ogg": lambda: by_ffmpeg("flac", "ogg"),
}


@pytest.mark.parametrize("case", CUT)
def test_that_the_end_is_missing_is_said_where_how_much_is_not_known(case: str) -> None:
    assert play(half(CUT[case]())[:-3]).damage


@pytest.mark.parametrize("codec", ["ac3", "eac3"])
def test_a_frame_that_does_not_match_its_checksum_is_lost(codec: str) -> None:
    whole = by_ffmpeg(codec, codec, rate=48_000)
    changed = bytearray(whole)
    middle = len(whole) // 2
    changed[middle + 100 : middle + 140] = bytes(40)
    played = play(bytes(changed))
    assert 0.0 < played.lost < 0.1 and played.damage


@pytest.mark.parametrize("container", ["FLAC", "OGG", "MP3"])
def test_two_files_in_one_are_as_long_as_both(container: str) -> None:
    content = by_libsndfile(container)
    assert play(content + content).seconds == pytest.approx(2 * SECONDS, abs=0.15)


#: Two files in one that no decoder goes through by itself, each of four seconds.
IN_PARTS: dict[str, Callable[[], bytes]] = {
    "mp3 of two rates": lambda: by_libsndfile("MP3") + by_libsndfile("MP3", rate=48_000),
    "flac of two rates": lambda: by_libsndfile("FLAC") + by_libsndfile("FLAC", rate=48_000),
    "ogg of two rates": lambda: by_libsndfile("OGG") + by_libsndfile("OGG", rate=48_000),
    "opus, mono and stereo": lambda: (
        by_ffmpeg("libopus", "ogg", rate=48_000, channels=1) + by_ffmpeg("libopus", "ogg", rate=48_000)
    ),
    "wavpack": lambda: 2 * by_ffmpeg("wavpack", "wv"),
    "true audio": lambda: 2 * by_ffmpeg("tta", "tta"),
    "m4a": lambda: 2 * by_ffmpeg("aac", "ipod"),
    "wma": lambda: 2 * by_ffmpeg("wmav2", "asf"),
    "webm": lambda: 2 * by_ffmpeg("libopus", "webm", rate=48_000),
    "wav": lambda: 2 * by_libsndfile("WAV"),
    "aiff": lambda: 2 * by_libsndfile("AIFF"),
    "au": lambda: 2 * by_libsndfile("AU"),
}


@pytest.mark.parametrize("case", IN_PARTS)
def test_of_files_in_one_all_are_used_at_the_rate_of_the_first(case: str) -> None:
    played = play(IN_PARTS[case]())
    assert played.seconds == pytest.approx(2 * SECONDS, abs=0.2)
    assert (played.lost, played.damage) == (0.0, "")
    y, rate = audio.decode(IN_PARTS[case]())
    assert len(y) == played.samples and rate == played.sample_rate
    # The tone of 440 Hz is in the second at its own pitch, too.
    spectrum = np.abs(np.fft.rfft(y[-2 * rate : -rate]))
    assert spectrum.argmax() == 440


def test_an_encoders_own_frame_of_the_second_file_is_no_sound_that_is_lost() -> None:
    played = play(2 * by_ffmpeg("libmp3lame", "mp3"))
    assert played.seconds == pytest.approx(2 * SECONDS, abs=0.15)
    assert (played.lost, played.damage) == (0.0, "")


def test_of_files_in_one_that_is_named_which_cannot_be_decoded() -> None:
    unknown = bytearray(by_libsndfile("WAV"))
    unknown[20:22] = b"\x22\x11"
    played = play(by_libsndfile("WAV") + bytes(unknown))
    assert played.seconds == SECONDS
    assert "not decoded" in played.damage


def test_the_limit_of_seconds_is_one_for_all_files_in_one() -> None:
    with pytest.raises(AudioError, match="too long: more than 6 s"):
        audio.play(2 * by_libsndfile("WAV"), make=Measured, max_seconds=6.0)


def test_more_files_in_one_than_are_decoded_are_an_error() -> None:
    with pytest.raises(AudioError, match="files in one"):
        play(by_libsndfile("CAF")[:10_000] * 200)


def test_a_flac_whose_header_has_fewer_samples_is_used_whole() -> None:
    content = bytearray(by_libsndfile("FLAC"))
    content[22:26] = struct.pack(">I", RATE)
    played = play(bytes(content))
    assert played.seconds == SECONDS and played.damage


def test_a_page_whose_bytes_were_changed_is_lost_and_not_played() -> None:
    content = by_libsndfile("OGG")
    whole, _ = audio.decode(content)
    changed = bytearray(content)
    middle = len(content) // 2
    changed[middle : middle + 300] = bytes(300)
    played = play(bytes(changed))
    assert played.lost > 0.2 and played.damage
    assert played.seconds + played.lost == pytest.approx(SECONDS, abs=0.15)
    # Before and after the hole the sound is that of the whole file.
    y, _ = audio.decode(bytes(changed))
    np.testing.assert_allclose(y[: RATE // 2], whole[: RATE // 2], atol=1e-4)
    np.testing.assert_allclose(y[-RATE // 2 :], whole[-RATE // 2 :], atol=1e-4)


def test_the_sound_of_a_video_is_as_long_as_it_is() -> None:
    played = play(video(sound=True))
    assert played.seconds == pytest.approx(SECONDS, abs=0.12) and played.lost == 0.0


def test_a_variable_bit_rate_is_not_taken_for_a_length() -> None:
    assert play(loud_first()).seconds == pytest.approx(5.0, abs=0.1)


def video(*, sound: bool) -> bytes:
    """A second of a moving picture in MP4, with or without four seconds of sound."""
    written = io.BytesIO()
    with av.open(written, "w", format="mp4") as made:
        pictures = made.add_stream("mpeg4", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        stream = made.add_stream("aac", rate=RATE, layout="mono") if sound else None
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            made.mux(pictures.encode(frame))
        made.mux(pictures.encode(None))
        if stream is not None:
            y = music(SECONDS, RATE, 1)
            for first in range(0, len(y), 1024):
                part = np.ascontiguousarray(y[first : first + 1024].reshape(1, -1))
                frame = av.AudioFrame.from_ndarray(part, format="flt", layout="mono")
                frame.sample_rate, frame.pts = RATE, first
                made.mux(stream.encode(frame))
            made.mux(stream.encode(None))
    return written.getvalue()


NO_SOUND = {
    "video without sound": video(sound=False),
    "playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n/etc/passwd\n",
    "list of files": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    "description of a session": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
    "dash": b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(900),
    "random": np.random.default_rng(0).bytes(500_000),
    "m4a without its index": half(by_ffmpeg("aac", "ipod")),
}


@pytest.mark.parametrize("case", NO_SOUND)
def test_what_holds_no_sound_has_a_reason(case: str) -> None:
    with pytest.raises(AudioError, match=r"not audio|no sound|cannot be decoded"):
        play(NO_SOUND[case])


def test_a_limit_of_seconds_holds_for_ffmpeg_too() -> None:
    with pytest.raises(AudioError, match=r"too long: 4\.\d\d s by its header, the limit is 1 s"):
        audio.play(by_ffmpeg("alac", "ipod"), make=Measured, max_seconds=1.0)
    with pytest.raises(AudioError, match="too long: more than 1 s"):
        audio.play(by_ffmpeg("aac", "adts"), make=Measured, max_seconds=1.0)


def test_what_libsndfile_reads_whole_is_its_own_to_the_bit() -> None:
    for content in (by_libsndfile("FLAC"), by_libsndfile("OGG"), by_ffmpeg("libmp3lame", "mp3")):
        theirs, _ = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
        ours, _ = audio.decode(content)
        np.testing.assert_array_equal(ours, theirs.mean(axis=1))
        assert decoding.valid()


@pytest.mark.parametrize("rate", [48_000, 24_000, 16_000])
def test_opus_from_either_decoder_is_the_same_sound_at_the_rate_of_its_recording(rate: int) -> None:
    content = by_libsndfile("OGG", rate=rate, subtype="OPUS")
    y, found = audio.decode(content)
    expected, of_libsndfile = soundfile.read(io.BytesIO(content), dtype="float32")
    assert found == of_libsndfile == rate and len(y) == len(expected)
    np.testing.assert_allclose(y, expected.mean(axis=1), atol=1e-6, rtol=0)
