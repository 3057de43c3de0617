"""A message to a webhook, and the automations that send it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from components.registry.promote import Decision
from flows import notify
from tests.conftest import PROJECT

DEPLOYMENTS = {
    one["name"]: one
    for one in yaml.safe_load((PROJECT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
}


class Block:
    """A webhook whose server answers with a status."""

    def __init__(self, status: int) -> None:
        self.status, self.sent = status, []  # type: int, list[Any]

    async def call(self, payload: Any) -> Any:
        self.sent.append(payload)
        return type("Answer", (), {"is_error": self.status >= 400, "status_code": self.status})


def named(monkeypatch: pytest.MonkeyPatch, block: Block) -> None:
    monkeypatch.setattr(notify.Webhook, "load", lambda _: block)


def test_a_message_has_one_text_and_both_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, block := Block(200))
    notify.send("chat", {"text": "a: b", "subject": "a", "message": "b"})
    assert block.sent == [{"text": "a: b", "subject": "a", "message": "b"}]


def test_a_refused_message_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, Block(403))
    with pytest.raises(notify.NotificationError, match=r"refused the message \(HTTP 403\)"):
        notify.send("chat", {})


def test_an_unknown_webhook_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_: str) -> None:
        raise ValueError("no such block document")

    monkeypatch.setattr(notify.Webhook, "load", load)
    with pytest.raises(notify.NotificationError, match="no Webhook block 'chat'"):
        notify.send("chat", {})


def test_the_automation_waits_for_the_event_of_a_promotion(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(notify, "emit_event", lambda **event: sent.append(event))
    notify.tell_promotion(Decision(promoted=True, model="mlp", version="3", reason="it is better"))
    failed, promoted = DEPLOYMENTS["notify"]["triggers"]
    assert promoted["expect"] == [sent[0]["event"]]
    assert sent[0]["resource"]["prefect.resource.id"].startswith("genre.model.")
    assert sent[0]["payload"] == {"model": "mlp", "reason": "it is better"}
    # A failed message starts no other message.
    assert "notify" not in failed["match_related"]["prefect.resource.name"]


def test_deployments_hold_no_path_of_the_machine_that_deploys() -> None:
    for name in ("prefect.yaml", "flows/remote.yaml", "flows/clone.yaml"):
        text = (PROJECT / name).read_text(encoding="utf-8")
        assert "$PWD" not in text
        for one in yaml.safe_load(text)["deployments"]:
            assert one["work_pool"]["job_variables"]["working_dir"] == "."
