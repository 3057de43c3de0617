"""Commands under a supervisor: their environment, their output line by line, and their end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Protocol

from components.core.progress import MESSAGES
from flows.process import supervisor

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Running(Protocol):
    """A command that runs under a supervisor.

    Attributes
    ----------
    output : binary file
        What it writes, to either stream; it ends when the command and everything that it started have ended.
    """

    output: IO[bytes]

    def stop(self) -> None:
        """Have the command, and everything that it started, ended within ten seconds; return at once."""

    def close(self) -> int:
        """Stop what still runs, wait, and return the exit status; 128 + N where signal N ended the command."""


class Supervised:
    """A command that is started anew, under a supervisor, in a session of its own.

    Parameters
    ----------
    command : list of str
        The program, found on the path of :func:`environment`, and its arguments.
    root : Path
        Where it works.
    keep : tuple of int
        Descriptors the supervisor inherits. The command does not.
    extra : mapping of str to str, optional
        More environment variables.
    """

    def __init__(
        self,
        command: list[str],
        *,
        root: Path,
        keep: tuple[int, ...] = (),
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(supervisor.__file__), *command],
            cwd=root,
            env={**environment(), **(extra or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=keep,
        )
        self.output: IO[bytes] = self.process.stdout  # type: ignore[assignment]

    def stop(self) -> None:
        """See :meth:`Running.stop`."""
        self.process.send_signal(signal.SIGTERM)

    def close(self) -> int:
        """See :meth:`Running.close`."""
        self.process.stdin.close()  # type: ignore[union-attr]
        status = self.process.wait()
        self.output.close()
        return status


def environment() -> dict[str, str]:
    """Return the environment of a stage: ours, with this Python's programs first on the path."""
    here = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", os.defpath)
    # A stage's output is read by line: without this Python would hold it back in blocks.
    settings = {"PATH": f"{here}{os.pathsep}{path}", "PYTHONUNBUFFERED": "1", MESSAGES: "1"}
    return {"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ, **settings}


def lines(output: Iterable[bytes]) -> Iterator[str]:
    """Yield a command's lines as they come, without colours, and of a redrawn line only its last state.

    Parameters
    ----------
    output : binary file
        Of :class:`Running`.

    Yields
    ------
    str
        A line without its end.
    """
    for raw in output:
        text = _ESCAPES.sub("", raw.decode("utf-8", errors="replace")).rstrip()
        yield text.rpartition("\r")[2]
