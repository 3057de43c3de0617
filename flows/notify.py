"""A message to a webhook: what the automations of ``prefect.yaml`` start, on a failed run and on a promotion."""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger
from prefect.blocks.webhook import Webhook
from prefect.events import emit_event
from prefect.runtime import flow_run

from components.core.errors import GenreError
from components.registry.promote import Decision

#: What the automation in ``prefect.yaml`` waits for.
PROMOTED = "genre.model.promoted"


class NotificationError(GenreError):
    """A webhook is not known, or refused a message."""


@flow(name="notify", flow_run_name="{subject}", persist_result=False)
def notify(subject: str, message: str, webhook: str | None = None) -> None:
    """Send a message, and write it to the run's log.

    Parameters
    ----------
    subject, message : str
        What happened, and why.
    webhook : str, optional
        Name of a Prefect block of type Webhook. It is sent JSON: ``text``, as chat programs take it, and both parts.

    Raises
    ------
    NotificationError
        If there is no such block, or its server refuses the message.
    """
    get_run_logger().info("%s: %s", subject, message)
    if webhook:
        send(webhook, {"text": f"{subject}: {message}", "subject": subject, "message": message})


def send(webhook: str, payload: dict[str, Any]) -> None:
    """Call a webhook; its address stays in its block, and out of what is raised.

    Raises
    ------
    NotificationError
        As :func:`notify`.
    """
    import asyncio

    import httpx

    try:
        block: Any = Webhook.load(webhook)
    except ValueError as error:
        raise NotificationError(
            f"there is no Webhook block {webhook!r} on the Prefect server; valid: null, or the name of one"
        ) from error
    try:
        response = asyncio.run(block.call(payload=payload))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        # Its text, and that of what it comes from, may hold the address, which is a secret.
        raise NotificationError(f"webhook {webhook!r} cannot be reached ({type(error).__name__})") from None
    if not response.is_success:
        raise NotificationError(f"webhook {webhook!r} refused the message (HTTP {response.status_code})")


def announce(decision: Decision) -> None:
    """Send the event of a promotion, from within the flow run that made it."""
    run = {"prefect.resource.id": f"prefect.flow-run.{flow_run.id}", "prefect.resource.role": "flow-run"}
    emit_event(
        event=PROMOTED,
        resource={
            "prefect.resource.id": f"genre.model.{decision.model}",
            "prefect.resource.name": decision.model,
        },
        related=[run],
        payload={"model": decision.model, "reason": decision.reason},
    )
