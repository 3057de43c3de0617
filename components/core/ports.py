"""Ports that a server listens on: named in one line where they are taken or not there, before anything is loaded."""

from __future__ import annotations

import errno
import os
import socket

from components.core.errors import GenreError


def listen(port: int, *, host: str = "127.0.0.1") -> socket.socket:
    """Return a socket that listens.

    Parameters
    ----------
    port : int
        0 for one that is free.
    host : str
        Address of this machine, IPv4 or IPv6.

    Raises
    ------
    GenreError
        If the port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        made = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None)
        # An address that is none has a number of its own kind, not the system's.
        reason = os.strerror(number) if number and not isinstance(error, socket.gaierror) else error.args[-1]
        of_port = number in (errno.EADDRINUSE, errno.EACCES) or isinstance(error, OverflowError)
        valid = (
            "another --port, or 0 for a free one"
            if of_port
            else "an address of this machine, such as 127.0.0.1"
        )
        raise GenreError(f"{host} port {port} cannot be listened on ({reason}); valid: {valid}") from error
    # Connections inherit it; asyncio sets it only where it makes the socket itself. Without it the second part of a
    # response waits for the client's acknowledgement of the first, 40 ms.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def free(port: int) -> int:
    """Return the port if a program that binds it itself finds it free on 127.0.0.1; for 0 one that is.

    Raises
    ------
    GenreError
        If it is taken.
    """
    with listen(port) as sock:
        return int(sock.getsockname()[1])


def is_open(port: int) -> bool:
    """Test whether a server accepts connections on a port of 127.0.0.1."""
    with socket.socket() as client:
        client.settimeout(1.0)
        return client.connect_ex(("127.0.0.1", port)) == 0
