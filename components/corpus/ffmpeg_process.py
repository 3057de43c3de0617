"""FFmpeg's decoders in processes of their own, since they are much code that reads what nobody vouches for.

    python -P -m components.corpus.ffmpeg_process

waits on the socket that is its standard input. Each request comes with two open files: the one to decode, and where
the response goes. It is handled by a process forked for it, which can open nothing more, neither a file nor a socket,
and has limits of memory and processor time (:func:`confine`). :mod:`components.corpus.ffmpeg` sends the requests.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import re
import resource
import signal
import socket
import sys
import tempfile
import wave
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import av
import av.error
import numpy as np
import psutil

from components.corpus.contents import mpeg, plain_samples
from components.corpus.contents.window import Window
from components.corpus.ffmpeg import (
    BLOCK,
    END,
    FAULT,
    HEADER,
    MESSAGE,
    NO_HEADER,
    NO_SOUND,
    REQUEST,
    TOO_LONG,
)

#: Bytes a decoder may take beside what this process has when it begins. A picture of 8,000 pixels that comes with a
#: song takes a fifth of it; sound takes a few MB.
MEMORY = 1 << 30
#: Mono samples in one message; a frame more at most.
TOGETHER = 1 << 18
#: Containers that are opened, by FFmpeg's names. No playlist (hls, dash, concat, asx, sdp …) is among them: what one
#: names is never opened. Nor are those that are recognised by their name alone, as raw samples are.
CONTAINERS = (
    "3gp", "aac", "ac3", "aiff", "amr", "ape", "asf", "au", "avi", "caf", "dsf", "dts", "eac3", "flac", "flv", "iff",
    "loas", "m4a", "matroska", "mj2", "mov", "mp3", "mp4", "mpc", "mpc8", "mpeg", "mpegts", "ogg", "rm", "tak", "tta",
    "w64", "wav", "webm", "wv",
)  # fmt: skip
#: Decoders that are run, by FFmpeg's names, beside plain samples (pcm_… and adpcm_…). For each format its own ones.
DECODERS = frozenset(
    {
        "aac", "aac_latm", "ac3", "alac", "amrnb", "amrwb", "ape", "atrac3", "atrac3plus", "cook", "dca",
        "dsd_lsbf", "dsd_lsbf_planar", "dsd_msbf", "dsd_msbf_planar", "eac3", "flac", "gsm", "gsm_ms",
        "libopencore_amrnb", "libopencore_amrwb", "libopus", "mlp", "mp1", "mp1float", "mp2", "mp2float", "mp3",
        "mp3float", "mpc7", "mpc8", "nellymoser", "opus", "real_144", "real_288", "sipr", "speex", "tak", "truehd",
        "tta", "vorbis", "wavpack", "wmalossless", "wmapro", "wmav1", "wmav2", "wmavoice",
    }
)  # fmt: skip
#: Containers that know their length: in others it is estimated from the bytes, and says nothing of what is missing.
KNOW_THEIR_LENGTH = frozenset(
    {"aiff", "ape", "asf", "avi", "caf", "dsf", "flac", "matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2"}
    | {"mpc", "mpc8", "tak", "tta", "wav", "w64", "wv"}
)
#: Seconds by which a container's length may differ from what decodes where nothing is missing: an encoder's frame or
#: two at either end (at most 4,096 samples at 16 kHz, twice); where its header counts packets, which have no times of
#: their own (AVI); and where each sample is counted.
ROUNDED, BY_PACKETS, COUNTED = 0.5, 0.1, 0.01
#: Seconds by which a frame's time may differ from the end of the one before it, since some containers count in
#: milliseconds; and by which it may lie before it where that is no other stream that begins anew.
IMPRECISE, REPEATED = 0.01, 1.0
#: Containers that are nothing but frames, without a time: bytes outside them are damage.
FRAMES_ALONE = frozenset({"aac", "ac3", "amr", "eac3"})
_ID3 = re.compile(rb"ID3[\x02-\x04]")
#: Decoders of which each sample is counted, beside plain samples.
LOSSLESS = frozenset({"alac", "ape", "flac", "tak", "tta", "wavpack"})

#: Decoders that compare each frame with its checksum where an option says so.
CHECKED = frozenset({"ac3", "eac3", "flac", "tta", "wavpack"})


class NoSoundError(Exception):
    """Why a file gives no sound."""


def main() -> None:
    """Handle requests until nobody can send one any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # Interrupts are for whoever waits for the responses.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    av.logging.set_level(None)
    with tempfile.TemporaryFile() as sound:
        # What is imported when first needed cannot be, once no file may be opened.
        with wave.open(sound, "wb") as made:
            made.setparams((2, 2, 8000, 0, "NONE", ""))
            made.writeframes(bytes(4000))
        sound.flush()
        list(messages(Input(sound.fileno()), longest=1.0))
    gc.freeze()
    with socket.socket(fileno=0) as requests:
        while True:
            request, files, _, _ = socket.recv_fds(requests, REQUEST.size, 2)
            if len(request) < REQUEST.size:
                return
            if os.fork() == 0:
                requests.close()
                respond(*files, *REQUEST.unpack(request))
            for file in files:
                os.close(file)


def respond(source: int, target: int, longest: float, seconds: float) -> None:
    """Decode one file, and end this process."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # nobody reads the response any more
    with os.fdopen(target, "wb", buffering=0) as response:
        confine(seconds)
        try:
            for kind, content in messages(Input(source), longest=longest):
                send(response, kind, content)
        except NoSoundError as fault:
            send(response, FAULT, str(fault).encode())
        except MemoryError:
            send(response, FAULT, b"takes more memory to decode than any sound does")
        except BaseException as error:  # noqa: BLE001 - it goes back as what it is
            send(response, FAULT, f"the decoder failed ({type(error).__name__}: {error})".encode())
    os._exit(0)


def confine(seconds: float) -> None:
    """Let this process open nothing more, and take no more than so much processor time and memory."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds) + 1
    limits = {resource.RLIMIT_CPU: most, resource.RLIMIT_NOFILE: 0, resource.RLIMIT_FSIZE: 0}
    limits |= {resource.RLIMIT_CORE: 0}
    if sys.platform == "linux":  # macOS knows no such limit
        limits |= {resource.RLIMIT_AS: psutil.Process().memory_info().vms + MEMORY}
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))


def send(response: BinaryIO, kind: bytes, content: bytes | memoryview) -> None:
    """Write a message."""
    # A block is large: it is not copied to stand behind its head.
    for part in (MESSAGE.pack(kind, len(content)), content):
        left = memoryview(part)
        while left:
            left = left[response.write(left) :]


class Input:
    """An open file with a place of its own in it: whoever sent it may read on meanwhile."""

    def __init__(self, handle: int) -> None:
        self._handle, self._place = handle, 0

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        content = os.pread(self._handle, size, self._place)
        self._place += len(content)
        return content

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, and return it."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: os.fstat(self._handle).st_size}[
            whence
        ]
        self._place = max(0, start + offset)
        return self._place

    def tell(self) -> int:
        """Return the place."""
        return self._place

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return os.fstat(self._handle).st_size

    def head(self) -> bytes:
        """Return its first bytes."""
        return os.pread(self._handle, 1 << 12, 0)

    def tags(self) -> int:
        """Return how many bytes of it are tags of ID3's second version, wherever they stand."""
        window, place, found = Window(self._handle, self.size), 0, 0
        while (at := window.search(_ID3, place)) is not None:
            tag = window.tag(at)
            found, place = found + min(tag, self.size - at), at + max(tag, 1)
        return found


def messages(file: Input, *, longest: float) -> Iterator[tuple[bytes, bytes | memoryview]]:
    """Decode a file's sound.

    Parameters
    ----------
    file : Input
        The file.
    longest : float
        Seconds; a file that says that it is longer is not decoded.

    Yields
    ------
    kind : bytes
        ``HEADER``, ``BLOCK`` or ``END``.
    content : bytes
        Of the header JSON: ``container``, ``codec``, ``sample_rate`` (Hz), ``channels``, ``seconds`` (what the
        container promises, 0 where it does not say); of a block mono float32 samples; of the end JSON: ``lost``
        (seconds that could not be decoded) and ``damage`` (why).

    Raises
    ------
    NoSoundError
        If there is no sound in it, or none that is decoded here.
    """
    try:
        container = av.open(
            file,
            mode="r",
            metadata_errors="replace",
            buffer_size=1 << 16,
            options={"format_whitelist": ",".join(CONTAINERS), "protocol_whitelist": "none"},
        )
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise NoSoundError(NO_HEADER) from error
    with container:
        if not container.streams.audio:
            raise NoSoundError(NO_SOUND)
        stream = container.streams.audio[0]
        codec = stream.codec_context.codec.name if stream.codec_context else ""
        if codec not in DECODERS and not codec.startswith(("pcm_", "adpcm_")):
            raise NoSoundError(f"is encrypted or of a codec that is not decoded ({codec or 'unknown'})")
        stream.codec_context.thread_count = 1
        if codec in CHECKED:
            # A frame that does not match its checksum would be wrong sound.
            stream.codec_context.options = {"err_detect": "crccheck+explode"}
        yield from _decoded(file, container, stream, codec=codec, longest=longest)


def _decoded(
    file: Input, container: Any, stream: Any, *, codec: str, longest: float
) -> Iterator[tuple[bytes, bytes | memoryview]]:
    promised = _promised_seconds(file, container, stream)
    if promised > longest:
        raise NoSoundError(f"{TOO_LONG} {promised:.2f} s by its header, the limit is {longest:g} s")
    decoding = _Decoding(container, stream, codec=codec, longest=longest)
    frames = decoding.frames()
    if (first := next(frames, None)) is not None:
        about = {"container": container.format.name, "codec": codec, "sample_rate": first.sample_rate}
        about |= {"channels": first.layout.nb_channels, "seconds": promised}
        yield HEADER, json.dumps(about).encode()
        for block in _blocks(itertools.chain([first], frames)):
            yield BLOCK, block
    if not decoding.samples:
        raise NoSoundError("no sound in it can be decoded")
    if decoding.damaged > decoding.seconds:
        raise NoSoundError("most of it cannot be decoded")
    damaged = max(decoding.damaged, decoding.outside(file), decoding.times.holes)
    missing = promised - decoding.seconds
    lost = max(missing if missing > _rounded(container, codec) else 0.0, damaged)
    damage = "damaged" if damaged else "truncated: short of its header's length"
    yield END, json.dumps({"lost": lost, "damage": damage if lost else ""}).encode()


def _promised_seconds(file: Input, container: Any, stream: Any) -> float:
    """Return the length that a container knows; 0 where it does not."""
    if container.format.name not in KNOW_THEIR_LENGTH or plain_samples.is_live(file.head()):
        return 0.0
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / av.time_base


def _rounded(container: Any, codec: str) -> float:
    """Return the seconds by which a container's length may differ from what decodes where nothing is missing."""
    if codec in LOSSLESS:
        return COUNTED
    return BY_PACKETS if container.format.name == "avi" and not codec.startswith("pcm_") else ROUNDED


class _Decoding:
    """A stream while it is decoded.

    Attributes
    ----------
    samples : int
        Of one channel, so far.
    damaged : float
        Seconds of the packets that could not be decoded.
    times : _Times
        Of the frames.
    """

    def __init__(self, container: Any, stream: Any, *, codec: str, longest: float) -> None:
        self._container, self._stream, self._codec = container, stream, codec
        self._rate, self._packets, self._bytes = 0, 0, 0
        self.samples, self.damaged, self.times = 0, 0.0, _Times(longest)

    @property
    def seconds(self) -> float:
        """Length of what was decoded, once there is a frame."""
        return self.samples / self._rate

    def frames(self) -> Iterator[Any]:
        """Yield the frames, all of one sample rate."""
        for packet in _packets(self._container, self._stream):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                self._leave_out(packet)
                continue
            self._packets, self._bytes = self._packets + 1, self._bytes + packet.size
            for frame in frames:
                rate = self._rate = self._rate or frame.sample_rate
                if frame.sample_rate != rate:
                    raise NoSoundError(
                        f"changes its sample rate part of the way, {rate} to {frame.sample_rate} Hz"
                    )
                self.times.add(frame)
                self.samples += frame.samples
                yield frame

    def _leave_out(self, packet: Any) -> None:
        """Count a packet that is damaged: it costs its own sound and no other. An encoder's own frame has none."""
        seconds = float((packet.duration or 0) * (self._stream.time_base or 0))
        if self._codec.startswith("mp3") and mpeg.is_own_frame(bytes(packet)):
            self.times.leave_out(seconds)
        else:
            self.damaged += seconds

    def outside(self, file: Input) -> float:
        """Return the seconds that bytes outside the frames would be; 0 where a container has others."""
        if self._container.format.name not in FRAMES_ALONE:
            return 0.0
        frame = self._bytes / self._packets
        outside = file.size - self._bytes
        if outside <= frame or (outside := outside - file.tags()) <= frame:
            return 0.0
        return outside / self._bytes * self.samples / self._rate


def _blocks(frames: Iterable[Any]) -> Iterator[memoryview]:
    """Yield the mono samples of frames, at least :data:`TOGETHER` at a time but for the last."""
    waiting: list[np.ndarray] = []
    held = 0
    for frame in frames:
        waiting.append(_mono(frame))
        held += frame.samples
        if held >= TOGETHER:
            yield np.concatenate(waiting).data.cast("B")
            waiting, held = [], 0
    if waiting:
        yield np.concatenate(waiting).data.cast("B")


class _Times:
    """The times of frames, one after the other.

    Parameters
    ----------
    longest : float
        Seconds; a later time than by so many is no hole but another count.

    Attributes
    ----------
    holes : float
        Seconds between frames for which there is none.
    """

    def __init__(self, longest: float) -> None:
        self.holes = 0.0
        self._longest = longest
        self._end: float | None = None

    def add(self, frame: Any) -> None:
        """Take the next frame."""
        start = frame.time if frame.time is not None else self._end
        if start is None:
            return
        jump = start - self._end if self._end is not None else 0.0
        # Times that were taken while recording go to and fro: what is late is made up for by what is early.
        if abs(jump) > IMPRECISE and -REPEATED < jump < self._longest:
            self.holes = max(0.0, self.holes + jump)
        self._end = start + frame.samples / frame.sample_rate

    def leave_out(self, seconds: float) -> None:
        """Take so many that are no sound."""
        if self._end is not None:
            self._end += seconds


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """Yield the packets of a stream, up to where the container is damaged beyond reading on."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except IndexError:
            # A stream that begins in the middle, which PyAV does not expect. Begun anew, it passes that over.
            packets = container.demux(stream)
            continue
        except av.error.FFmpegError:
            # What the decoder still holds is sound too.
            flush = av.Packet()
            flush.stream = stream
            yield flush
            return
        yield packet


def _mono(frame: Any) -> np.ndarray:
    """Return the mean of a frame's channels, full scale -1 to 1."""
    values = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(frame.samples, -1).T
    if values.dtype.kind == "u":
        values = (values.astype(np.float32) - 128.0) / 128.0
    elif values.dtype.kind == "i":
        scale = np.float32(1.0 / (1 << (8 * values.dtype.itemsize - 1)))
        values = values.astype(np.float32) * scale
    mono = values[0] if len(values) == 1 else values.mean(axis=0)
    return np.ascontiguousarray(mono, dtype=np.float32)


if __name__ == "__main__":
    main()
