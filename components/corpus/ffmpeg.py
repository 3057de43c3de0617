"""Sound that libsndfile cannot decode, from FFmpeg, which runs in processes of its own."""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from components.core.errors import AudioError, NotAudioError, TooLongError

#: A request: the longest sound, in seconds, and the processor time, in seconds, that it may take.
REQUEST = struct.Struct("<dd")
#: A response is a sequence of messages: a header, block after block, and an end; or a fault at any place. One that
#: stops without one of the two is of a process that was ended. Each begins with its kind, and how many bytes follow.
MESSAGE = struct.Struct("<cI")
HEADER, BLOCK, END, FAULT = b"H", b"B", b"E", b"F"
#: Bytes of a pipe, as many as anyone may ask Linux for (pipe(7)): with its usual 64 KiB two processes take turns a
#: hundred times a song.
PIPE = 1 << 20
#: The reason of a file that FFmpeg does not know.
NO_HEADER = "not audio that can be read"
#: The reason of a file without sound, and how that of one that is too long begins.
NO_SOUND, TOO_LONG = "holds no sound", "too long:"
#: Processor seconds to decode a file: so many, and this share of the longest sound that is accepted. The slowest
#: decoders (Monkey's Audio at its highest level) take a tenth of a song's length on slow machines.
SECONDS, SHARE = 30.0, 0.1


class Stream:
    """The sound of a file while it is decoded.

    Attributes
    ----------
    container, codec : str
        FFmpeg's names.
    sample_rate : int
        Hz.
    channels : int
        1 for mono.
    seconds : float
        What the container promises; 0 where it does not say.
    lost : float
        Seconds that could not be decoded; known when :meth:`blocks` has ended.
    damage : str
        Why; '' where nothing is lost.
    """

    def __init__(self, response: BinaryIO) -> None:
        self._response = response
        about = json.loads(self._message(HEADER))
        self.container, self.codec = str(about["container"]), str(about["codec"])
        self.sample_rate, self.channels = int(about["sample_rate"]), int(about["channels"])
        self.seconds = float(about["seconds"])
        self.lost, self.damage = 0.0, ""

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield mono float32 blocks, the mean of the channels.

        Raises
        ------
        AudioError
            If decoding stops for a reason that is no end of the sound.
        """
        while block := self._message(BLOCK):
            yield np.frombuffer(block, dtype=np.float32)

    def _message(self, expected: bytes) -> bytes:
        """Return the content of the next message; '' at the end."""
        head = self._response.read(MESSAGE.size)
        kind, size = MESSAGE.unpack(head) if len(head) == MESSAGE.size else (b"", 0)
        content = self._response.read(size)
        if kind == FAULT:
            raise _fault(content.decode("utf-8", "replace"))
        if kind not in (expected, END) or len(content) < size:
            raise AudioError("decoding was stopped: damaged, or more than the limits of memory and time")
        if kind == END:
            end = json.loads(content)
            self.lost, self.damage = float(end["lost"]), str(end["damage"])
            return b""
        return content


def _fault(reason: str) -> AudioError:
    if reason in (NO_HEADER, NO_SOUND):
        return NotAudioError(reason)
    return TooLongError(reason) if reason.startswith(TOO_LONG) else AudioError(reason)


@contextmanager
def opened(handle: int, *, max_seconds: float) -> Iterator[Stream]:
    """Decode an open file, a process to itself; where the block ends before the sound, so does the process.

    Parameters
    ----------
    handle : int
        Descriptor of a regular file. Where it stands does not matter, and stays.
    max_seconds : float
        The longest sound to accept.

    Yields
    ------
    Stream
        Its sound.

    Raises
    ------
    AudioError
        If there is no sound in it that can be decoded, or decoding takes more than the limits; the message is the
        plain reason, without the file's name.
    """
    ours, theirs = os.pipe()
    if sys.platform == "linux":
        # A user may have too many pipes for another large one; a small one is slower, and no more than that.
        with suppress(PermissionError):
            fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, PIPE)
    with os.fdopen(ours, "rb") as response:
        try:
            _server().send(handle, theirs, longest=max_seconds)
        finally:
            os.close(theirs)
        yield Stream(response)


#: A process is forked from the server for each file: it has no threads.
_ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}


class _Server:
    """The process that forks one for each file."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        self._lock = threading.Lock()
        # The code that this process runs, also where it came with a model and is not installed.
        places = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "components.corpus.ffmpeg_process"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=os.environ | _ONE_THREAD | {"PYTHONPATH": os.pathsep.join(filter(None, places))},
            )
        atexit.register(self.close)

    @property
    def is_alive(self) -> bool:
        """Whether it can be sent a file."""
        return self._process.poll() is None

    def send(self, source: int, target: int, *, longest: float) -> None:
        """Have a file decoded."""
        request = REQUEST.pack(longest, SECONDS + SHARE * longest)
        with self._lock:
            socket.send_fds(self._ours, [request], [source, target])

    def close(self) -> None:
        """End it, once it has forked what it was sent."""
        if _servers.get(os.getpid()) is self:
            # A process that this one has forked holds the socket too, and would keep it open. In such a process, whose
            # exit comes here too, the server is its parent's.
            with suppress(OSError):
                self._ours.shutdown(socket.SHUT_WR)
        self._ours.close()
        self._process.wait()


_servers: dict[int, _Server] = {}
_starting = threading.Lock()


def _server() -> _Server:
    # By process: one that was forked must not share its parent's.
    with _starting:
        server = _servers.get(os.getpid())
        if server is None or not server.is_alive:
            server = _servers[os.getpid()] = _Server()
        return server
