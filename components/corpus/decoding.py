"""Any audio file to blocks of mono float32: by libsndfile where it reads all of the sound, by FFmpeg otherwise.

A file's length is what decodes, never what a header promises. libsndfile comes first, since its samples are those that
features have always been made of; FFmpeg decodes what libsndfile cannot, or of which it would leave something out
(:mod:`components.corpus.contents`), and Opus (:data:`OPUS`). Of a file that is damaged all that either can decode is
used, and how much is missing is said.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import IO, Any, Generic, Protocol, TypeVar

import numpy as np
import soundfile

from components.core.errors import AudioError, NotAudioError, TooLongError
from components.corpus import ffmpeg
from components.corpus.contents import beginnings, look
from components.corpus.contents.found import FOLLOWED, Contents
from components.corpus.contents.patched import Patched
from components.corpus.contents.plain_samples import UNKNOWN_SIZE

#: Containers that libsndfile reads here, by its names for them; all others are FFmpeg's.
FORMATS = {
    "WAV": "WAV",
    "WAVEX": "WAV",
    "RF64": "WAV",
    "W64": "W64",
    "AU": "AU",
    "FLAC": "FLAC",
    "OGG": "OGG",
    "MP3": "MP3",
    "MPEG": "MP3",
    "AIFF": "AIFF",
    "CAF": "CAF",
}
#: Hz. Below, nothing of music is left; above, no converter exists. Keeps a forged header from costing memory.
SAMPLE_RATES = (4_000, 384_000)
MAX_CHANNELS = 64
#: What FFmpeg decodes first, by libsndfile's name and Hz: in little more than half the time, to samples that differ by
#: less than 1e-6. Opus of other recordings would come from it at another rate.
OPUS = ("OPUS", 48_000)
#: Samples of all channels decoded at a time, so that a file of many channels never lies in memory as a whole.
BLOCK = 1 << 18
#: Seconds by which libsndfile's estimate of a length may differ where nothing is missing.
ESTIMATED = 0.1
#: Bytes copied at a time.
_COPIED = 1 << 20
#: libsndfile's number of samples of a file that does not say.
UNKNOWN_LENGTH = sys.maxsize
_PROMISED = re.compile(
    r"(?:data|Data Size|SSND)\s*: (?P<bytes>\d+) \(should be (?P<of>\d+)\)"
    r"|frame count (?P<have>\d+) does not match value from 'ds64' chunk of (?P<frames>\d+)"
)


class Receiver(Protocol):
    """Takes a file's sound."""

    def add(self, block: np.ndarray) -> None:
        """Take the next block of mono float32 samples."""


R = TypeVar("R", bound=Receiver)


@dataclass(frozen=True)
class Played(Generic[R]):
    """A file that was decoded.

    Attributes
    ----------
    receiver : Receiver
        What took its sound.
    sample_rate : int
        Hz, as recorded.
    channels : int
        1 for mono.
    samples : int
        Sample frames (samples of one channel) that were decoded.
    lost : float
        Seconds that could not be.
    damage : str
        Why, or what else is wrong with the file; '' for a sound one.
    """

    receiver: R
    sample_rate: int
    channels: int
    samples: int
    lost: float = 0.0
    damage: str = ""

    @property
    def seconds(self) -> float:
        """Length of what was decoded."""
        return self.samples / self.sample_rate


def play(handle: int, *, make: Callable[[int], R], max_seconds: float) -> Played[R]:
    """Decode an open file.

    Parameters
    ----------
    handle : int
        Its descriptor; it may be read by nothing else meanwhile.
    make : callable
        Makes, from the sample rate in Hz, what takes the sound. It is called again where a second decoder begins from
        the start, since the first left something out.
    max_seconds : float
        The longest sound to accept.

    Returns
    -------
    Played
        What was decoded by the decoder that gave more.

    Raises
    ------
    AudioError
        If the file is too long, or holds no sound that can be decoded; the message is the plain reason, without the
        file's name.
    """
    try:
        sound, inside = _open(handle)
    except _UnreadError as reason:
        try:
            inside = look.of(handle)
            if inside.parts:
                return _in_parts(handle, inside, make=make, max_seconds=max_seconds)
            return _by_ffmpeg(handle, inside, make=make, max_seconds=max_seconds)
        except AudioError as error:
            # What libsndfile does know is the better reason.
            raise (reason if str(error) == ffmpeg.NO_HEADER else error) from error
    with sound:
        if inside.parts:
            return _in_parts(handle, inside, make=make, max_seconds=max_seconds)
        _check(sound, inside, max_seconds=max_seconds)
        # libsndfile goes on to no second stream, and leaves out what stands before a hole in an Ogg file.
        short = inside.several or inside.holes or sound.frames == UNKNOWN_LENGTH
        if short or (sound.subtype, sound.samplerate) == OPUS:
            with suppress(AudioError):
                return _by_ffmpeg(handle, inside, make=make, max_seconds=max_seconds)
        if inside.several and not inside.damage:
            inside = replace(inside, damage=FOLLOWED)
        first, is_whole = _by_libsndfile(sound, inside, make=make, max_seconds=max_seconds)
    if is_whole:
        return first
    try:
        second = _by_ffmpeg(handle, inside, make=make, max_seconds=max_seconds)
    except AudioError:
        if first.samples:
            return first
        raise
    return first if first.seconds >= second.seconds else second


def length(handle: int, *, max_seconds: float) -> tuple[float, int, int]:
    """Return the seconds that an open file promises, its sample rate (Hz) and its channels, before any decoding.

    Raises
    ------
    AudioError
        As :func:`play`.
    """
    try:
        sound, inside = _open(handle)
    except _UnreadError as reason:
        try:
            with ffmpeg.opened(handle, max_seconds=max_seconds) as stream:
                _check_kind(stream.sample_rate, stream.channels)
                return stream.seconds, stream.sample_rate, stream.channels
        except AudioError:
            raise reason from None
    with sound:
        _check(sound, inside, max_seconds=max_seconds)
        return inside.seconds or sound.frames / sound.samplerate, sound.samplerate, sound.channels


class _UnreadError(NotAudioError):
    """libsndfile does not read the file."""


def _open(handle: int) -> tuple[soundfile.SoundFile, Contents]:
    os.lseek(handle, 0, os.SEEK_SET)
    try:
        sound = soundfile.SoundFile(handle, closefd=False)
    except (soundfile.LibsndfileError, RuntimeError, TypeError, ValueError) as error:
        raise _UnreadError(ffmpeg.NO_HEADER) from error
    if sound.format not in FORMATS:
        sound.close()
        raise _UnreadError(f"format {sound.format}; valid: {valid()}")
    try:
        inside = look.of(handle, form=sound.format)
        if inside.sizes:
            sound.close()
            sound = soundfile.SoundFile(Patched(handle, inside.sizes))
    except BaseException:
        sound.close()
        raise
    return sound, inside


def _check(sound: soundfile.SoundFile, inside: Contents, *, max_seconds: float) -> None:
    """Apply what can be applied before any decoding."""
    _check_kind(sound.samplerate, sound.channels)
    seconds = inside.seconds or sound.frames / sound.samplerate
    if sound.frames != UNKNOWN_LENGTH and seconds > max_seconds:
        raise TooLongError(f"too long: {seconds:.2f} s by its header, the limit is {max_seconds:g} s")


def _check_kind(rate: int, channels: int) -> None:
    low, high = SAMPLE_RATES
    if not low <= rate <= high:
        raise AudioError(f"sample rate {rate} Hz; valid: {low} to {high} Hz")
    if not 1 <= channels <= MAX_CHANNELS:
        raise AudioError(f"{channels} channels; valid: 1 to {MAX_CHANNELS}")


def _in_parts(handle: int, inside: Contents, *, make: Callable[[int], R], max_seconds: float) -> Played[R]:
    """Decode the files that follow each other in one, all at the sample rate of the first."""
    if len(inside.parts) >= beginnings.MOST:
        raise AudioError(f"more than {len(inside.parts)} files in one; valid: {beginnings.MOST} or fewer")
    whole: Played[R] | None = None
    refused: AudioError | None = None
    lost, damage, seconds = 0.0, [], 0.0
    for start, end in pairwise((0, *inside.parts, os.fstat(handle).st_size)):
        with tempfile.TemporaryFile() as sound:
            try:
                # A second decoder may begin from the start: what takes the sound of all has it when one is settled.
                part = _part(handle, start, end, make=_Kept.into(sound), max_seconds=max_seconds)
            except TooLongError:
                raise
            except AudioError as error:
                refused = refused or error
                damage.append(f"a part is not decoded: {error}")
                continue
            seconds += part.seconds
            if seconds > max_seconds:
                raise TooLongError(f"too long: more than {max_seconds:g} s")
            whole = whole or Played(make(part.sample_rate), part.sample_rate, part.channels, 0)
            samples = 0
            for block in _resampled(part.receiver.blocks(), part.sample_rate, to=whole.sample_rate):
                whole.receiver.add(block)
                samples += len(block)
            whole = replace(whole, samples=whole.samples + samples)
            lost += part.lost
            damage += [part.damage] if part.damage else []
    if whole is None:
        raise refused or NotAudioError(ffmpeg.NO_SOUND)
    return replace(whole, lost=lost, damage="; ".join(dict.fromkeys(damage)))


def _part(handle: int, start: int, end: int, *, make: Callable[[int], R], max_seconds: float) -> Played[R]:
    """Decode a stretch of a file as one by itself."""
    with tempfile.TemporaryFile() as copy:
        try:
            for place in range(start, end, _COPIED):
                copy.write(os.pread(handle, min(_COPIED, end - place), place))
            copy.flush()
        except OSError as error:
            raise AudioError(f"cannot be copied for decoding ({plain(error)})") from error
        return play(copy.fileno(), make=make, max_seconds=max_seconds)


class _Kept:
    """Keeps sound in a file: a part may last an hour."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        file.seek(0)
        file.truncate()

    @classmethod
    def into(cls, file: IO[bytes]) -> Callable[[int], _Kept]:
        """Return what :func:`play` makes what takes the sound with."""
        return lambda _rate: cls(file)

    def add(self, block: np.ndarray) -> None:
        """Take the next block of mono float32 samples."""
        self._file.write(np.ascontiguousarray(block, dtype=np.float32).data.cast("B"))

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield it."""
        self._file.seek(0)
        while content := self._file.read(BLOCK * 4):
            yield np.frombuffer(content, dtype=np.float32)


def _resampled(blocks: Iterator[np.ndarray], rate: int, *, to: int) -> Iterator[np.ndarray]:
    """Change the sample rate of sound in blocks, as :func:`components.corpus.audio.resample` does."""
    if rate == to:
        yield from blocks
        return
    import soxr

    stream = soxr.ResampleStream(rate, to, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)


def _by_libsndfile(
    sound: soundfile.SoundFile, inside: Contents, *, make: Callable[[int], R], max_seconds: float
) -> tuple[Played[R], bool]:
    """Decode with libsndfile; return also whether that is all of the sound."""
    rate, receiver = sound.samplerate, make(sound.samplerate)
    samples, stopped = _read(sound, receiver, most=int(max_seconds * rate))
    share = inside.share if inside.sizes else min(inside.share, _share(sound.extra_info))
    promised = (inside.seconds or sound.frames / rate) / share
    # Of MPEG audio in RIFF the samples are estimated.
    slack = inside.slack or (ESTIMATED if sound.subtype.startswith("MPEG") else 1.0 / rate)
    # Of a longer sound it stops at the length that it believes. Plain samples whose rest is cut off are all there is.
    whole = not stopped and (share < 1.0 or samples / rate >= promised - inside.damaged - slack)
    played = Played(receiver, rate, sound.channels, samples)
    return _with_damage(played, promised=promised, inside=inside, slack=slack), whole


def _share(log: str) -> float:
    """Return the share of a header's samples that libsndfile found in the file, above 0 to 1."""
    found = _PROMISED.search(log)
    if not found:
        return 1.0
    promised, there = (
        int(found[name] or found[other]) for name, other in (("bytes", "frames"), ("of", "have"))
    )
    return there / promised if UNKNOWN_SIZE > promised > there > 0 else 1.0


def _read(sound: soundfile.SoundFile, receiver: Receiver, *, most: int) -> tuple[int, bool]:
    """Return how many samples were read, and whether that ended in an error."""
    frames, samples = max(1, BLOCK // sound.channels), 0
    while True:
        try:
            block = sound.read(frames, dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, RuntimeError):
            return samples, True
        if not len(block):
            return samples, False
        samples += len(block)
        if samples > most:
            raise TooLongError(f"too long: more than {most / sound.samplerate:g} s")
        # As librosa.to_mono: the plain mean of the channels.
        receiver.add(block[:, 0] if sound.channels == 1 else block.mean(axis=1))


def _by_ffmpeg(handle: int, inside: Contents, *, make: Callable[[int], R], max_seconds: float) -> Played[R]:
    with ffmpeg.opened(handle, max_seconds=max_seconds) as stream:
        _check_kind(stream.sample_rate, stream.channels)
        receiver, samples = make(stream.sample_rate), 0
        for block in stream.blocks():
            samples += len(block)
            if samples > max_seconds * stream.sample_rate:
                raise TooLongError(f"too long: more than {max_seconds:g} s")
            receiver.add(block)
    played = Played(receiver, stream.sample_rate, stream.channels, samples, stream.lost, stream.damage)
    return _with_damage(played, promised=inside.seconds, inside=inside, slack=max(inside.slack, 0.1))


def _with_damage(played: Played[R], *, promised: float, inside: Contents, slack: float) -> Played[R]:
    missing = promised - played.seconds if promised else played.seconds * (1.0 / inside.share - 1.0)
    lost = max(played.lost, inside.damaged, missing if missing > slack else 0.0)
    if not lost and not inside.damage:
        return played
    damage = inside.damage or played.damage or "truncated: short of its header's length"
    return replace(played, lost=lost, damage=damage)


def valid() -> str:
    """Return the containers that are read, for messages."""
    return f"{', '.join(sorted(set(FORMATS.values())))}, and what FFmpeg decodes: M4A, WMA, WebM, APE, MKA and others"


def plain(error: Exception) -> str:
    """Return an error's reason in one line, without the path: whoever catches it names the file."""
    text: Any = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split()).rstrip(".")
