"""Audio from paths and bytes; every limit on untrusted input is applied before decoding."""

from __future__ import annotations

import io
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from components.core.errors import AudioError
from components.corpus import audio, decoding

RATE = 22_050


def encoded(y: np.ndarray, *, format: str = "WAV", rate: int = RATE, subtype: str | None = None) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, y, rate, format=format, subtype=subtype)
    return buffer.getvalue()


@pytest.fixture
def y() -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)).astype(np.float32)


@pytest.mark.parametrize(
    ("format", "tolerance"),
    [("WAV", 1e-4), ("AU", 1e-4), ("FLAC", 1e-4), ("AIFF", 1e-4), ("OGG", 0.1), ("MP3", 0.1)],
)
def test_each_format_is_decoded_from_bytes_and_from_a_path(
    y: np.ndarray, tmp_path: Path, format: str, tolerance: float
) -> None:
    content = encoded(y, format=format)
    path = tmp_path / f"a.{format.lower()}"
    path.write_bytes(content)
    from_bytes, rate = audio.decode(content)
    from_path, _ = audio.decode(path)
    np.testing.assert_array_equal(from_bytes, from_path)
    assert from_bytes.dtype == np.float32
    assert rate == RATE
    assert abs(np.abs(from_bytes).max() - 0.3) < tolerance


def test_channels_are_averaged(y: np.ndarray) -> None:
    stereo = np.stack([y, -y / 2], axis=1)
    mono, _ = audio.decode(encoded(stereo, subtype="FLOAT"))
    np.testing.assert_allclose(mono, y / 4, atol=1e-7)


def test_a_long_file_of_many_channels_is_decoded_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    y = rng.uniform(-0.5, 0.5, (10_001, 5)).astype(np.float32)
    monkeypatch.setattr(decoding, "BLOCK", 1_000)
    mono, _ = audio.decode(encoded(y, subtype="FLOAT"))
    np.testing.assert_allclose(mono, y.mean(axis=1), atol=1e-7)


@pytest.mark.parametrize(("source", "target"), [(44_100, 22_050), (48_000, 16_000), (8_000, 22_050)])
def test_resampling_is_librosas_default(source: int, target: int) -> None:
    y = np.random.default_rng(1).normal(0, 0.1, source).astype(np.float32)
    librosas = librosa.resample(y, orig_sr=source, target_sr=target)
    ours = audio.resample(y, source, to=target)
    np.testing.assert_allclose(ours, librosas, rtol=1e-6, atol=1e-7)


def test_resampling_to_the_same_rate_changes_nothing(y: np.ndarray) -> None:
    assert audio.resample(y, RATE, to=RATE) is y


@pytest.mark.parametrize(
    "source", [b"", b"\0" * 100, b"RIFF", b"not audio at all" * 100, b"ID3" + b"\xff" * 50]
)
def test_bytes_that_are_no_audio_are_refused(source: bytes) -> None:
    with pytest.raises(AudioError, match=r"empty file|not audio|no samples"):
        audio.decode(source)


def test_a_wav_file_without_riff_header_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "jazz.00054.wav"
    path.write_bytes(b"\x01\x02\x03\x04" * 100)
    with pytest.raises(AudioError, match="no RIFF header"):
        audio.decode(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="file not found"):
        audio.decode(tmp_path / "none.wav")
    with pytest.raises(AudioError, match="not a regular file"):
        audio.decode(tmp_path)


def test_a_file_cut_in_the_middle_gives_what_is_there_or_a_reason(y: np.ndarray) -> None:
    content = encoded(y, format="FLAC")
    try:
        decoded, _ = audio.decode(content[: len(content) // 2])
    except AudioError as error:
        assert "cannot be decoded" in str(error) or "no samples" in str(error)
    else:
        assert len(decoded) < len(y)


def test_too_many_bytes_are_refused_unopened(y: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    content = encoded(y)
    monkeypatch.setattr(soundfile, "SoundFile", lambda *_: pytest.fail("opened"))
    with pytest.raises(AudioError, match=f"{len(content)} bytes, more than the limit of 1000"):
        audio.decode(content, max_bytes=1_000)


def test_too_many_seconds_are_refused_by_the_header(y: np.ndarray) -> None:
    with pytest.raises(AudioError, match=r"2\.00 s by its header, the limit is 1"):
        audio.header(encoded(y), max_seconds=1.0)


def test_a_header_that_lies_does_not_get_past_the_limit(
    y: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "_check", lambda *_, **__: None)
    with pytest.raises(AudioError, match="more than 1 s"):
        audio.decode(encoded(y), max_seconds=1.0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_refused(y: np.ndarray, value: float) -> None:
    y[100] = value
    with pytest.raises(AudioError, match="not finite"):
        audio.decode(encoded(y, subtype="FLOAT"))


@pytest.mark.parametrize("rate", [1_000, 700_000])
def test_a_rate_that_no_music_has_is_refused(y: np.ndarray, rate: int) -> None:
    with pytest.raises(AudioError, match=f"sample rate {rate} Hz; valid: 4000 to 384000"):
        audio.decode(encoded(y, rate=rate))


def test_the_header_holds_what_the_file_holds(y: np.ndarray) -> None:
    content = encoded(np.stack([y, y], axis=1))
    found = audio.header(content)
    assert found == audio.Header(samples=len(y), sample_rate=RATE, channels=2, bytes=len(content))
    assert found.seconds == 2.0
