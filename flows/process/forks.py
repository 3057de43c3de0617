"""Commands in processes forked from preloaded ones: as :class:`flows.process.commands.Supervised`, without the wait."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from components.core.errors import GenreError
from flows.process import preloaded
from flows.process.commands import Supervised, environment, lines

#: Whether processes are forked: elsewhere (macOS) a system library may not survive it.
POSSIBLE = sys.platform == "linux"


class PreloadedError(GenreError):
    """The process that stages are forked from has ended."""


class Forked:
    """A command in a forked process; see :class:`flows.process.commands.Running`."""

    def __init__(
        self, address: str, command: Sequence[str], *, root: Path, environment: Mapping[str, str]
    ) -> None:
        reading, writing = os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            self._connection = preloaded.send(
                address,
                command,
                root=str(root.resolve()),
                environment=dict(environment),
                streams=(nothing, writing, writing),
            )
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(nothing)
            os.close(writing)
        self.output: IO[bytes] = os.fdopen(reading, "rb")

    def stop(self) -> None:
        """See :meth:`flows.process.commands.Running.stop`."""
        with contextlib.suppress(OSError):  # where it has ended
            self._connection.shutdown(socket.SHUT_WR)

    def close(self) -> int:
        """See :meth:`flows.process.commands.Running.close`."""
        self.stop()
        status = preloaded.status(self._connection)
        self._connection.close()
        self.output.close()
        return status


class Preloaded:
    """A process that has imported modules, or is about to, and forks one for each command.

    It ends with the block that it is the context of, or with the process that started it, and all commands with it.

    Parameters
    ----------
    modules : sequence of str
        What it imports, in the order in which it is needed.
    root : Path
        Where it works.
    keep : tuple of int
        Descriptors held as long as any of its processes is there.
    """

    def __init__(self, modules: Sequence[str], *, root: Path, keep: tuple[int, ...] = ()) -> None:
        # No other user of the machine may send commands: the folder is this one's alone.
        self._folder = Path(tempfile.mkdtemp(prefix="genre-"))
        self.address = str(self._folder / "commands")
        command = [sys.executable, "-P", "-m", preloaded.__name__, self.address, *modules]
        self._process = Supervised(command, root=root, keep=keep)
        self._written: deque[str] = deque(maxlen=20)
        self._reader = threading.Thread(target=self._read, daemon=True)
        first = self._process.output.readline()
        if first != preloaded.READY:
            self._written.append(first.decode(errors="replace").strip())
            self._written.extend(lines(self._process.output))
            raise self._ended()
        # Read all along: a full pipe would make it stand still.
        self._reader.start()

    def _read(self) -> None:
        self._written.extend(lines(self._process.output))

    def _ended(self) -> PreloadedError:
        written = [line for line in self._written if line.strip()] or ["it wrote nothing"]
        return PreloadedError(f"the process that stages are forked from has ended: {written[-1]}")

    def start(self, command: Sequence[str], *, root: Path, extra: Mapping[str, str] | None = None) -> Forked:
        """Start a command, of the programs of :data:`flows.process.preloaded.PROGRAMS`.

        Raises
        ------
        PreloadedError
            If the preloaded process has ended.
        """
        try:
            return Forked(self.address, command, root=root, environment={**environment(), **(extra or {})})
        except OSError as error:
            raise self._ended() from error

    def close(self) -> None:
        """End it and all that it forked, and wait for that."""
        self._process.stop()
        if self._reader.is_alive():
            self._reader.join()
        self._process.close()
        shutil.rmtree(self._folder, ignore_errors=True)
