"""A webhook that is registered for aliases receives a promotion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mlflow.webhooks import delivery

from components import tracking
from components.registry import webhooks
from tests.support import webhook_receiver

#: Seconds for one request on this machine.
LIMIT = 60


def test_a_receiver_learns_which_version_is_champion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # What MLflow remembers for a minute: the webhooks of the store of an earlier test.
    monkeypatch.setattr(delivery, "_webhook_cache", None)
    for name, value in webhook_receiver.VARIABLES.items():
        monkeypatch.setenv(name, value)
    client = tracking.connect()
    with webhook_receiver.receiver() as receiver:
        client.create_webhook("promotion", receiver.address, ["model_version_alias.created"])
        webhooks.alias_moved(client, name="genre", alias="champion", version="3")
        delivered = receiver.received.get(timeout=LIMIT)
    assert json.loads(delivered.body)["data"] == {"name": "genre", "alias": "champion", "version": "3"}
