"""A port that is taken is named; 0 is one that is free."""

from __future__ import annotations

import socket

import pytest

from components.core import ports
from components.core.errors import GenreError


def test_0_is_a_port_that_can_be_listened_on() -> None:
    port = ports.free(0)
    assert port > 0
    with ports.listen(port) as sock:
        assert sock.getsockname() == ("127.0.0.1", port)


def test_one_that_is_taken_is_named() -> None:
    with ports.listen(0) as sock:
        taken = sock.getsockname()[1]
        for look in (ports.listen, ports.free):
            with pytest.raises(GenreError, match=f"127.0.0.1 port {taken} .*valid: another --port"):
                look(taken)


def test_an_address_of_another_machine_is_named() -> None:
    for host in ("192.0.2.7", "nowhere.invalid"):
        with pytest.raises(GenreError, match=rf"{host}.*valid: an address of this machine"):
            ports.listen(0, host=host)


def test_what_a_connection_sends_waits_for_nothing() -> None:
    with ports.listen(0) as sock, socket.create_connection(sock.getsockname()):
        accepted, _ = sock.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
