"""An MLflow server sends a promotion to a webhook: once, and signed, also after it was started anew."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from mlflow.webhooks import delivery

from components import tracking
from components.config.params import Params
from components.registry import promote
from components.results.record import TrainingRecord
from components.serving import packaging
from tests.support import webhook_receiver
from tests.support.servers import LIMIT, MLflow
from tests.support.webhook_receiver import Delivered

SECRET = "planted-7f3a91-secret"


def signature(delivered: Delivered) -> str:
    """The signature that MLflow documents: HMAC-SHA256 of delivery, time and body."""
    headers = delivered.headers
    signed = f"{headers['X-MLflow-Delivery-Id']}.{headers['X-MLflow-Timestamp']}.{delivered.body}"
    made = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(made).decode()}"


@pytest.mark.slow
@pytest.mark.usefixtures("light_models", "passing_smoke_test")
def test_a_server_sends_each_promotion_once(
    trained: Path, small_params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = MLflow(tmp_path / "server")
    key = {"MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": Fernet.generate_key().decode()}
    for name, value in webhook_receiver.VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    # Of this process nothing is sent beside the server.
    monkeypatch.setattr(delivery, "deliver_webhook", lambda **_: pytest.fail("sent twice"))
    try:
        server.start(key)
        client = tracking.connect()
        run_id = packaging.ensure_logged("mlp", root=trained)
        record = TrainingRecord.read(trained / "models/mlp")
        first = promote.register(client, run_id, registered_model="genre", record=record)
        source = client.get_model_version("genre", first)
        second = client.create_model_version(
            "genre", source.source, run_id, tags=source.tags, model_id=source.source.removeprefix("models:/")
        ).version
        with webhook_receiver.receiver() as receiver:
            event = ["model_version_alias.created"]
            client.create_webhook("promotion", receiver.address, event, secret=SECRET)
            server.stop()
            server.start(key)
            for version in (first, second, first):
                promote.rollback(str(version), params=small_params)
                delivered = receiver.received.get(timeout=LIMIT)
                about = json.loads(delivered.body)
                assert (about["entity"], about["action"]) == ("model_version_alias", "created")
                assert about["data"] == {"name": "genre", "alias": "champion", "version": str(version)}
                assert delivered.headers["X-MLflow-Signature"] == signature(delivered)
                assert SECRET not in delivered.body
            assert receiver.received.empty()
    finally:
        server.stop()
    assert SECRET not in server.output.read_text(errors="replace")
