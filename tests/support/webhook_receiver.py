"""What a webhook is sent to, on a free port of loopback."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import NamedTuple

#: MLflow sends to public https addresses alone, unless set otherwise.
VARIABLES = {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true"}


class Delivered(NamedTuple):
    """One request."""

    headers: dict[str, str]
    body: str


class Receiver:
    """Where it is, and what it received, in order."""

    def __init__(self) -> None:
        self.address = ""
        self.received: queue.Queue[Delivered] = queue.Queue()


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Receive until the block ends."""
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            made.received.put(Delivered(dict(self.headers), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        made.address = f"http://127.0.0.1:{server.server_port}/promoted"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
