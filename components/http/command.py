"""``genre serve``: the server on this machine until it is stopped."""

from __future__ import annotations

import ipaddress
import logging
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType

from components.core import ports
from components.core.errors import ParamsError
from components.http.settings import ServeSettings


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def run(*, model: str | None, host: str, port: int) -> None:
    """Serve a model of this workspace until interrupted or terminated; requests in progress are finished first.

    Parameters
    ----------
    model : str or None
        See :func:`components.serving.load.address`.
    host : str
        Address to listen on; one that others reach needs ``GENRE_SERVE_API_KEY``.
    port : int
        0 for one that is free.

    Raises
    ------
    ParamsError
        If a setting is not valid, or there is no such model.
    RegistryError
        If there is no model, or it cannot be loaded.
    GenreError
        If the port is taken.
    """
    from components.config import params
    from components.http import settings as settings_of
    from components.serving import load

    settings = settings_of.load()
    if not is_loopback(host) and not settings.api_key.get_secret_value():
        raise ParamsError(
            f"--host {host} is reached by others, and GENRE_SERVE_API_KEY is not set; valid: a key, or 127.0.0.1"
        )
    own = params.load()

    def resolve() -> str:
        return load.address(load.store(), model, params=own)

    # What is not there is said before anything is started.
    resolve()
    with ports.listen(port, host=host) as sock:
        _serve(settings, sock=sock, host=host, resolve=resolve)


def _serve(settings: ServeSettings, *, sock: socket.socket, host: str, resolve: Callable[[], str]) -> None:
    import uvicorn

    from components.http import app as apps
    from components.http.metrics import Metrics
    from components.http.service import Service

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            super().handle_exit(sig, frame)
            if self.force_exit:
                # What a second interrupt cuts off is no error.
                logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)

    def report(line: str) -> None:
        print(f"genre serve: {line}", file=sys.stderr, flush=True)

    def stop() -> None:
        server.should_exit = True

    def opened() -> None:
        assert service.model is not None, "it is loaded"
        report(
            f"{service.model.uri} ({service.model.name}) serves at http://{shown}:{sock.getsockname()[1]}, "
            "described at /docs (Ctrl-C stops it)"
        )

    service = Service(settings, resolve=resolve, metrics=Metrics(), report=report)
    hosts = ["127.0.0.1", "localhost", "[::1]", host] if is_loopback(host) else ["*"]
    app = apps.build(service, hosts=hosts, stop=stop, opened=opened)
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
    server = Server(config)
    shown = f"[{host}]" if ":" in host else host
    # Once all is stopped, uvicorn raises the signal again, whose own action would end the process half-way.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    server.run(sockets=[sock])
    if failure := app.state.own.failure:
        raise failure
