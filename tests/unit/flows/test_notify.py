"""A message to a webhook, and the automations that send it."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from components.registry.promote import Decision
from flows import notify
from tests.conftest import PROJECT

#: Files of deployments.
FILES = ("prefect.yaml", "flows/remote.yaml", "flows/clone.yaml")


def deployments(file: str) -> dict[str, Any]:
    document = yaml.safe_load((PROJECT / file).read_text(encoding="utf-8"))
    return {one["name"]: one | {"pull": one.get("pull", document["pull"])} for one in document["deployments"]}


class Block:
    """A webhook whose server answers with a status."""

    def __init__(self, status: int) -> None:
        self.status, self.sent = status, []  # type: int, list[Any]

    async def call(self, payload: Any) -> Any:
        self.sent.append(payload)
        return type("Answer", (), {"is_success": self.status < 300, "status_code": self.status})


def named(monkeypatch: pytest.MonkeyPatch, block: Block) -> None:
    monkeypatch.setattr(notify.Webhook, "load", lambda _: block)


def test_a_message_has_one_text_and_both_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, block := Block(200))
    notify.send("chat", {"text": "a: b", "subject": "a", "message": "b"})
    assert block.sent == [{"text": "a: b", "subject": "a", "message": "b"}]


@pytest.mark.parametrize("status", [302, 403, 500])
def test_a_refused_message_is_an_error(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    named(monkeypatch, Block(status))
    with pytest.raises(notify.NotificationError, match=rf"refused the message \(HTTP {status}\)"):
        notify.send("chat", {})


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("http://127.0.0.1:9/planted-secret", {}),
        ("http://127.0.0.1:9/planted-secret", {"allow_private_urls": False}),
        ("planted-secret", {}),
        ("http://planted-secret:x/", {}),
    ],
)
def test_a_webhook_that_is_not_there_is_named_without_its_address(
    monkeypatch: pytest.MonkeyPatch, url: str, options: dict[str, Any]
) -> None:
    block = notify.Webhook(url=SecretStr(url), **options)
    monkeypatch.setattr(notify.Webhook, "load", lambda _: block)
    with pytest.raises(notify.NotificationError, match="webhook 'chat' cannot be reached") as refused:
        notify.send("chat", {"text": "a"})
    shown = "".join(traceback.format_exception(refused.value))
    assert "planted-secret" not in shown.split("NotificationError")[-1]


def test_an_unknown_webhook_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_: str) -> None:
        raise ValueError("no such block document")

    monkeypatch.setattr(notify.Webhook, "load", load)
    with pytest.raises(notify.NotificationError, match="no Webhook block 'chat'"):
        notify.send("chat", {})


def test_the_automation_waits_for_the_event_of_a_promotion(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(notify, "emit_event", lambda **event: sent.append(event))
    notify.announce(Decision(promoted=True, model="mlp", version="3", reason="it is better"))
    failed, promoted = deployments("prefect.yaml")["notify"]["triggers"]
    assert promoted["expect"] == [sent[0]["event"]]
    assert sent[0]["resource"]["prefect.resource.id"].startswith("genre.model.")
    assert sent[0]["payload"] == {"model": "mlp", "reason": "it is better"}
    # A failed message starts no other message.
    assert "notify" not in failed["match_related"]["prefect.resource.name"]


@pytest.mark.parametrize("file", FILES)
def test_deployments_hold_no_path_of_the_machine_that_deploys(file: str) -> None:
    assert "$PWD" not in (PROJECT / file).read_text(encoding="utf-8")
    for one in deployments(file).values():
        assert one["work_pool"]["job_variables"]["working_dir"] == "."


def clones(deployment: dict[str, Any]) -> bool:
    return any("prefect.deployments.steps.git_clone" in step for step in deployment["pull"])


def test_a_pool_s_workers_all_have_a_clone_or_none_has() -> None:
    kinds: dict[str, set[bool]] = {}
    for file in FILES:
        for one in deployments(file).values():
            kinds.setdefault(one["work_pool"]["name"], set()).add(clones(one))
    assert [pool for pool, kind in kinds.items() if len(kind) > 1] == []


def test_a_message_is_the_same_from_a_worker_without_a_clone() -> None:
    here, there = (deployments(file)["notify"] for file in ("prefect.yaml", "flows/clone.yaml"))
    assert {key for key in here if here[key] != there[key]} == {"work_pool", "pull"}
    assert clones(there)
