"""Audio from a path or bytes to mono float32: every limit on untrusted input is checked here, before decoding."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from components.core import hashing
from components.core.errors import AudioError, TooLongError
from components.corpus import decoding, ffmpeg
from components.corpus.decoding import Played, R

#: What files with sound are named. Their content decides, so a wrong suffix among these does not matter; what a
#: container holds that may hold pictures alone is decoded only where it has sound.
SUFFIXES = (
    ".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".aiff", ".wma", ".au", ".oga", ".aif", ".aifc", ".caf", ".w64",
    ".m4b", ".m4r", ".mp4", ".m4v", ".mov", ".3gp", ".aac", ".mp2", ".mpga", ".asf", ".wmv", ".ape", ".wv", ".tta",
    ".tak", ".mpc", ".mka", ".mkv", ".webm", ".weba", ".avi", ".flv", ".ogv", ".ogx", ".spx", ".ac3", ".eac3", ".dts",
    ".amr", ".dsf", ".snd", ".rm", ".ra", ".mpg", ".mpeg", ".ts",
)  # fmt: skip
#: Limits where a caller names none: an hour, and what that hour takes as 48 kHz stereo float.
MAX_SECONDS = 3600.0
MAX_BYTES = 2_000_000_000


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
    with opened(source, max_bytes=max_bytes) as handle:
        seconds, rate, channels = decoding.length(handle, max_seconds=max_seconds)
        return Header(round(seconds * rate), rate, channels, os.fstat(handle).st_size)


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
    played = play(source, make=lambda _rate: _Pieces(), max_seconds=max_seconds, max_bytes=max_bytes)
    pieces = played.receiver.pieces
    y = np.ascontiguousarray(pieces[0] if len(pieces) == 1 else np.concatenate(pieces))
    check_finite(y)
    return y, played.sample_rate


def play(
    source: Path | str | bytes,
    *,
    make: Callable[[int], R],
    max_seconds: float = MAX_SECONDS,
    max_bytes: int = MAX_BYTES,
) -> Played[R]:
    """Decode a file into what takes its sound block by block.

    Parameters
    ----------
    source, max_seconds, max_bytes
        As of :func:`decode`.
    make : callable
        As of :func:`components.corpus.decoding.play`.

    Raises
    ------
    AudioError
        As :func:`decode`, but for samples that are not finite.
    """
    with opened(source, max_bytes=max_bytes) as handle:
        try:
            played = decoding.play(handle, make=make, max_seconds=max_seconds)
        except AudioError as error:
            why = reason(error, handle=handle, name="" if isinstance(source, bytes) else source)
            known = f"; valid: {decoding.valid()}" if why == ffmpeg.NO_HEADER else ""
            raise type(error)(f"{why}{known}") from error
    if not played.samples:
        raise AudioError("holds no samples")
    return played


def check_finite(y: np.ndarray) -> None:
    """Check that all samples are numbers.

    Raises
    ------
    AudioError
        If one is not.
    """
    if not np.isfinite(y).all():
        raise AudioError("holds samples that are not finite")


def reason(error: AudioError, *, handle: int, name: Path | str) -> str:
    """Return why an open file cannot be decoded, as plainly as its name allows."""
    is_wav = str(name).lower().endswith(".wav")
    if (
        is_wav
        and str(error) == ffmpeg.NO_HEADER
        and os.pread(handle, 4, 0) not in (b"RIFF", b"RIFX", b"RF64")
    ):
        return "no RIFF header: not a WAV file"
    return str(error)


class _Pieces:
    def __init__(self) -> None:
        self.pieces: list[np.ndarray] = []

    def add(self, block: np.ndarray) -> None:
        self.pieces.append(block)


@contextmanager
def opened(source: Path | str | bytes, *, max_bytes: int = MAX_BYTES) -> Iterator[int]:
    """Open a file, or its content, for decoding.

    Parameters
    ----------
    source : Path or str or bytes
        The file, or its content.
    max_bytes : int
        The largest to accept.

    Yields
    ------
    int
        A descriptor, closed at the end.

    Raises
    ------
    AudioError
        If it is missing, empty, too large, or no file.
    """
    if isinstance(source, bytes):
        _check_size(len(source), max_bytes=max_bytes)
        # Decoders of another process read it too.
        with tempfile.TemporaryFile() as copy:
            copy.write(source)
            copy.flush()
            yield copy.fileno()
        return
    path = Path(source)
    if why := missing(path):
        raise AudioError(why)
    try:
        file = path.open("rb")
    except (OSError, ValueError) as error:
        raise AudioError(f"cannot be read ({decoding.plain(error)})") from error
    with file:
        _check_size(os.fstat(file.fileno()).st_size, max_bytes=max_bytes)
        yield file.fileno()


def missing(path: Path) -> str:
    """Return why there is no file to open at a path; '' where there is one."""
    try:
        if path.is_file():
            return "" if os.access(path, os.R_OK) else "cannot be read (permission denied)"
        if path.exists():
            return "not a regular file"
        if path.is_symlink():
            return "link to a file that does not exist"
    except (OSError, ValueError) as error:
        return f"cannot be read ({decoding.plain(error)})"
    return "a URL, which is not read" if re.match(r"[a-z0-9]{2,}:/", str(path)) else "file not found"


def _check_size(size: int, *, max_bytes: int) -> None:
    if size == 0:
        raise AudioError("empty file")
    if size > max_bytes:
        raise TooLongError(f"{size} bytes, more than the limit of {max_bytes}")


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
