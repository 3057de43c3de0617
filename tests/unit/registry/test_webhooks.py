"""A webhook that is registered for aliases receives a promotion."""

from __future__ import annotations

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from mlflow.webhooks import delivery

from components import tracking
from components.registry import webhooks

#: Seconds for one request on this machine.
LIMIT = 60


def test_a_receiver_learns_which_version_is_champion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # What MLflow remembers for a minute: the webhooks of the store of an earlier test.
    monkeypatch.setattr(delivery, "_webhook_cache", None)
    received: queue.Queue[dict[str, object]] = queue.Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    # MLflow sends to public https addresses alone, unless set otherwise.
    monkeypatch.setenv("MLFLOW_WEBHOOK_ALLOWED_SCHEMES", "http")
    monkeypatch.setenv("MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS", "true")
    client = tracking.connect()
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_port}/promoted"
            client.create_webhook("promotion", address, ["model_version_alias.created"])
            webhooks.alias_moved(client, name="genre", alias="champion", version="3")
            delivered = received.get(timeout=LIMIT)
        finally:
            server.shutdown()
            thread.join()
    assert delivered["data"] == {"name": "genre", "alias": "champion", "version": "3"}
