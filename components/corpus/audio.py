"""Audio from a path or bytes to mono float32: every limit on untrusted input is checked here, before decoding."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from components.config.params import SegmentsParams
from components.core import hashing
from components.core.errors import AudioError

#: Containers that are read, by libsndfile's names for them.
FORMATS = {
    "WAV": "WAV",
    "WAVEX": "WAV",
    "RF64": "WAV",
    "AU": "AU",
    "FLAC": "FLAC",
    "OGG": "OGG",
    "MP3": "MP3",
    "MPEG": "MP3",
    "AIFF": "AIFF",
}
#: What files in them are named; their content decides, so a wrong suffix of a file that is named does not matter.
SUFFIXES = (".wav", ".au", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff")
#: Hz. Below, nothing of music is left; above, no converter exists. Keeps a forged header from costing memory.
SAMPLE_RATES = (4_000, 384_000)
MAX_CHANNELS = 64
#: Limits where a caller names none: an hour, and what that hour takes as 48 kHz stereo float.
MAX_SECONDS = 3600.0
MAX_BYTES = 2_000_000_000
#: Frames decoded at a time, so that a file of many channels never lies in memory as a whole.
BLOCK = 1 << 18


@dataclass(frozen=True)
class Header:
    """A file's header, before anything is decoded.

    Attributes
    ----------
    samples : int
        Sample frames (samples of one channel).
    sample_rate : int
        Hz.
    channels : int
        1 for mono.
    bytes : int
        Size of the file.
    """

    samples: int
    sample_rate: int
    channels: int
    bytes: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.samples / self.sample_rate


def header(
    source: Path | str | bytes, *, max_seconds: float = MAX_SECONDS, max_bytes: int = MAX_BYTES
) -> Header:
    """Read and check a file's header.

    Parameters
    ----------
    source : Path or str or bytes
        The file, or its content.
    max_seconds, max_bytes : float, int
        The longest and largest file to accept.

    Returns
    -------
    Header
        Its size, rate and channels.

    Raises
    ------
    AudioError
        If it is missing, empty, too large, too long, or not audio of a known kind; the message is the plain
        reason, without the file's name.
    """
    file, size = _open(source, max_bytes=max_bytes)
    with file:
        return _checked(file, size=size, max_seconds=max_seconds)


def decode(
    source: Path | str | bytes, *, max_seconds: float = MAX_SECONDS, max_bytes: int = MAX_BYTES
) -> tuple[np.ndarray, int]:
    """Decode a file to mono.

    Parameters
    ----------
    source : Path or str or bytes
        The file, or its content.
    max_seconds, max_bytes : float, int
        The longest and largest file to accept.

    Returns
    -------
    y : ndarray of float32, shape (samples,)
        The mean of the channels; full scale is -1 to 1.
    sample_rate : int
        Hz, as recorded.

    Raises
    ------
    AudioError
        As :func:`header`; also if decoding fails, gives nothing, or gives samples that are not finite.
    """
    file, size = _open(source, max_bytes=max_bytes)
    with file:
        facts = _checked(file, size=size, max_seconds=max_seconds)
        most = int(max_seconds * facts.sample_rate)
        pieces: list[np.ndarray] = []
        decoded = 0
        try:
            # The header's length is a claim: what is decoded is counted, and ends at the limit.
            while len(block := file.read(BLOCK, dtype="float32", always_2d=True)):
                decoded += len(block)
                if decoded > most:
                    raise AudioError(f"longer than {max_seconds:g} s")
                # As librosa.to_mono: the plain mean of the channels.
                pieces.append(block[:, 0] if facts.channels == 1 else block.mean(axis=1))
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise AudioError(f"cannot be decoded ({_plain(error)})") from error
    if not decoded:
        raise AudioError("holds no samples")
    y = np.ascontiguousarray(pieces[0] if len(pieces) == 1 else np.concatenate(pieces))
    if not np.isfinite(y).all():
        raise AudioError("holds samples that are not finite")
    return y, facts.sample_rate


def resample(y: np.ndarray, sample_rate: int, *, to: int) -> np.ndarray:
    """Change the sample rate with soxr's high quality, the default of librosa.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        Mono audio.
    sample_rate, to : int
        Hz, from and to.

    Returns
    -------
    ndarray of float32, shape (samples * to / sample_rate,)
        ``y`` itself where the rates are equal.
    """
    if sample_rate == to:
        return y
    import soxr

    return np.asarray(soxr.resample(y, sample_rate, to, quality="HQ"), dtype=np.float32)


def sound_sha256(y: np.ndarray) -> str:
    """Return the SHA-256 of decoded mono samples: equal for two files of the same sound in different containers.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        From :func:`decode`.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return hashing.arrays([y])


def segment_count(samples: int, sample_rate: int, *, segments: SegmentsParams) -> int:
    """Count the segments that a track gives, from its length as recorded.

    Parameters
    ----------
    samples, sample_rate : int
        Length and rate (Hz) of the file, before any resampling.
    segments : SegmentsParams
        Length of a segment, at most how many, and the shortest track that is repeated until it fills one.

    Returns
    -------
    int
        0 to ``per_track``: 0 where the track is shorter than ``shortest``.
    """
    whole = min(segments.per_track, samples // round(segments.seconds * sample_rate))
    return whole or int(samples >= segments.shortest * sample_rate)


def filled(y: np.ndarray, sample_rate: int, *, segments: SegmentsParams) -> np.ndarray:
    """Repeat a track that is shorter than a segment until it fills one.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        Mono audio.
    sample_rate : int
        Hz, as recorded.
    segments : SegmentsParams
        As of :func:`segment_count`.

    Returns
    -------
    ndarray of float32, shape (samples,)
        ``y`` itself where it holds a segment.

    Raises
    ------
    AudioError
        If it is shorter than ``segments.shortest``.
    """
    if not segment_count(len(y), sample_rate, segments=segments):
        raise AudioError(f"{len(y) / sample_rate:.2f} s long; valid: {segments.shortest:g} s or more")
    length = round(segments.seconds * sample_rate)
    return y if len(y) >= length else np.resize(y, length)


def segments(y: np.ndarray, sample_rate: int, *, seconds: float, count: int) -> np.ndarray:
    """Cut the first ``count`` segments of a track, end to end from its start.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        Mono audio.
    sample_rate : int
        Hz.
    seconds : float
        Length of a segment.
    count : int
        How many, from :func:`segment_count` on the length as recorded.

    Returns
    -------
    ndarray of float32, shape (count, round(seconds * sample_rate))
        The segments. Resampling may leave the last one a few samples short: those are zero.

    Raises
    ------
    AudioError
        If there is not one whole segment, or ``y`` is more than a few samples short.
    """
    length = round(seconds * sample_rate)
    missing = count * length - len(y)
    if count < 1:
        raise AudioError(f"{len(y) / sample_rate:.2f} s long, shorter than one segment of {seconds:g} s")
    if missing > 8:
        raise AudioError(
            f"{len(y)} samples at {sample_rate} Hz do not hold {count} segments of {seconds:g} s"
        )
    if missing > 0:
        y = np.pad(y, (0, missing))
    return y[: count * length].reshape(count, length)


def _open(source: Path | str | bytes, *, max_bytes: int) -> tuple[soundfile.SoundFile, int]:
    target: Any
    if isinstance(source, bytes):
        size, start, target = len(source), source[:4], io.BytesIO(source)
    else:
        path = Path(source)
        try:
            if not path.is_file():
                raise AudioError("is not a file" if path.exists() else "file not found")
            size = path.stat().st_size
            with path.open("rb") as handle:
                start = handle.read(4)
        except (OSError, ValueError) as error:
            raise AudioError(f"cannot be read ({_plain(error)})") from error
        target = str(path)
    if size == 0:
        raise AudioError("empty file")
    if size > max_bytes:
        raise AudioError(f"{size} bytes, more than the limit of {max_bytes}")
    try:
        return soundfile.SoundFile(target), size
    except (soundfile.LibsndfileError, RuntimeError, TypeError, ValueError) as error:
        ending = "" if isinstance(source, bytes) else Path(source).suffix.lower()
        if ending == ".wav" and start not in (b"RIFF", b"RIFX", b"RF64"):
            raise AudioError("no RIFF header: not a WAV file") from error
        raise AudioError(f"not audio that can be read; valid: {_valid()}") from error


def _checked(file: soundfile.SoundFile, *, size: int, max_seconds: float) -> Header:
    if fault := unusable(file):
        raise AudioError(fault)
    facts = Header(
        samples=int(file.frames), sample_rate=int(file.samplerate), channels=int(file.channels), bytes=size
    )
    if facts.samples < 1:
        raise AudioError("holds no samples")
    if facts.seconds > max_seconds:
        raise AudioError(f"{facts.seconds:.1f} s by its header, longer than the limit of {max_seconds:g} s")
    return facts


def unusable(file: soundfile.SoundFile) -> str:
    """Return why an open file's format, sample rate or channels are not taken, or '' where they are."""
    low, high = SAMPLE_RATES
    if file.format not in FORMATS:
        return f"format {file.format}; valid: {_valid()}"
    if not low <= file.samplerate <= high:
        return f"sample rate {file.samplerate} Hz; valid: {low} to {high} Hz"
    if not 1 <= file.channels <= MAX_CHANNELS:
        return f"{file.channels} channels; valid: 1 to {MAX_CHANNELS}"
    return ""


def _valid() -> str:
    return ", ".join(sorted(set(FORMATS.values())))


def _plain(error: Exception) -> str:
    # Without the path: the caller names the file, and corpus tables must not hold absolute paths.
    text = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split()).rstrip(".")
