"""A temporary Prefect server for flows run without one, which never outlives the process that started it."""

from __future__ import annotations

import atexit
import os
import socket
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from components.core.errors import GenreError
from flows.process.commands import Supervised, lines

if TYPE_CHECKING:
    import httpx

#: Only this machine can reach it.
HOST = "127.0.0.1"
#: Seconds between two looks whether it is up.
LOOK = 0.1
#: What Prefect sets for the temporary server it would start itself, without the services that only schedules
#: and other people's flows need.
OPTIONS = {
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
}


class ServerError(GenreError):
    """The Prefect server did not start, is not there, or went away."""


class TemporaryServer:
    """A server on its way up; start it early, and wait for it where it is needed.

    Parameters
    ----------
    root : Path
        The project's root.
    """

    def __init__(self, root: Path) -> None:
        with socket.socket() as free:
            free.bind((HOST, 0))
            self.port: int = free.getsockname()[1]
        program = [sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"]
        place = ["--host", HOST, "--port", str(self.port), "--log-level", "error", "--lifespan", "on"]
        self._command = Supervised([*program, *place], root=root, extra=OPTIONS)
        self._output: deque[str] = deque(maxlen=20)
        # Read all along: a full pipe would make the server stand still.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        self._output.extend(lines(self._command.output))

    @property
    def api(self) -> str:
        """Its address for ``PREFECT_API_URL``."""
        return f"http://{HOST}:{self.port}/api"

    def wait(self, *, seconds: float) -> None:
        """Wait until it is up.

        Raises
        ------
        ServerError
            If it ended, or is not up within so many seconds.
        """
        import httpx

        limit = time.monotonic() + seconds
        # One for all looks, and without certificates: to read those takes longer than a look.
        with httpx.Client(timeout=5.0, trust_env=False, verify=False) as client:
            while not self._is_up(client):
                if self._command.process.poll() is not None:
                    self._reader.join()
                    written = [line for line in self._output if line.strip()] or ["it wrote nothing"]
                    raise ServerError(f"the temporary Prefect server ended: {written[-1]}")
                if time.monotonic() > limit:
                    raise ServerError(f"the temporary Prefect server is not up within {seconds:g} s")
                time.sleep(LOOK)

    def _is_up(self, client: httpx.Client) -> bool:
        import httpx

        try:
            return client.get(f"{self.api}/health").is_success
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        """Stop it, and wait until it has ended."""
        self._command.stop()
        self._reader.join()
        self._command.close()


#: The temporary servers of this process.
_temporary: list[TemporaryServer] = []


def is_named() -> bool:
    """Return whether a server is named, by ``PREFECT_API_URL`` or a profile of Prefect's."""
    home = Path(os.environ.get("PREFECT_HOME", Path.home() / ".prefect"))
    return bool(os.environ.get("PREFECT_API_URL")) or (home / "profiles.toml").exists()


def check_reachable(url: str) -> None:
    """Make sure that a named server is there before any work begins.

    Parameters
    ----------
    url : str
        As in ``PREFECT_API_URL``.

    Raises
    ------
    ServerError
        If nothing is there. Any response will do: what it means is Prefect's business.
    """
    import httpx

    try:
        httpx.get(f"{url.rstrip('/')}/health", timeout=10.0)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        from components.tracking.errors import masked

        raise ServerError(
            masked(f"PREFECT_API_URL is {url!r}, which does not respond ({error}); ")
            + "start that server or unset the variable"
        ) from error


def start(root: Path) -> TemporaryServer | None:
    """Start a temporary server where none is named, and name it in ``PREFECT_API_URL``.

    It ends with this process, after Prefect has sent its last log lines (Prefect does so before the exit
    functions run).

    Returns
    -------
    TemporaryServer or None
        The server; call its ``wait`` before use. None where a server is named already.
    """
    if is_named():
        return None
    server = TemporaryServer(root)
    os.environ["PREFECT_API_URL"] = server.api
    _temporary.append(server)
    atexit.register(server.stop)
    return server


def is_temporary() -> bool:
    """Return whether the server in use is one that :func:`start` started: it then serves this workspace alone."""
    return any(os.environ.get("PREFECT_API_URL") == server.api for server in _temporary)
