"""A webhook that is registered for aliases receives a promotion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from components import tracking
from components.registry import webhooks
from tests.support import webhook_receiver

#: Seconds for one request on this machine.
LIMIT = 60


def test_a_receiver_learns_which_version_is_champion(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in webhook_receiver.VARIABLES.items():
        monkeypatch.setenv(name, value)
    client = tracking.connect()
    with webhook_receiver.receiver() as receiver:
        client.create_webhook("promotion", receiver.address, ["model_version_alias.created"])
        webhooks.alias_moved(client, name="genre", alias="champion", version="3")
        delivered = receiver.received.get(timeout=LIMIT)
    assert json.loads(delivered.body)["data"] == {"name": "genre", "alias": "champion", "version": "3"}
