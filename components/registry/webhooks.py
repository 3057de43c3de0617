"""MLflow's webhooks on a promotion: an MLflow server sends them itself, of any other store this process does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient


def alias_moved(client: MlflowClient, *, name: str, alias: str, version: str) -> None:
    """Send ``model_version_alias.created`` to the webhooks that are registered for it.

    One that cannot be delivered is tried again by MLflow and then logged: the promotion has happened.

    Parameters
    ----------
    client : MlflowClient
        From :func:`components.tracking.connect`.
    name, alias, version : str
        The registered model, its alias, and the version that now has it.
    """
    from mlflow.entities.webhook import WebhookAction, WebhookEntity, WebhookEvent
    from mlflow.store.model_registry.rest_store import RestStore
    from mlflow.webhooks.delivery import deliver_webhook
    from mlflow.webhooks.types import ModelVersionAliasCreatedPayload

    registry = client._get_registry_client().store
    if isinstance(registry, RestStore):
        return
    deliver_webhook(
        event=WebhookEvent(WebhookEntity.MODEL_VERSION_ALIAS, WebhookAction.CREATED),
        payload=ModelVersionAliasCreatedPayload(name=name, alias=alias, version=version),
        store=registry,
    )
