"""The workspace's webhook: each notification once, whomever it is for, without who is told of it."""

import uuid
from collections.abc import Sequence
from typing import Any

from apps.messaging.errors import CannotTell, Refused, Unavailable
from apps.messaging.senders import Sent
from apps.notifications import webhook
from apps.notifications.audiences import Reader
from apps.notifications.channels import Message, Skipped
from apps.notifications.enums import Reason
from apps.notifications.models import WebhookTarget
from apps.notifications.services.webhook import webhook_note_failed, webhook_note_taken

PROVIDER = "webhook"


class WebhookChannel:
    def reachable(self, readers: Sequence[Reader]) -> set[uuid.UUID]:
        """Nobody: it is the workspace's."""
        return set()

    def send(self, message: Message) -> Sent:
        """Whatever is no 2xx may be one later: who looks after the receiver mends it.

        Raises Skipped besides: it was turned off, or removed.
        """
        target = WebhookTarget.objects.filter(is_on=True).first()
        if target is None:
            raise Skipped(Reason.WORKSPACE_OFF)
        message_id = str(message.id)
        try:
            webhook.post(target, message.tenant, message_id, payload_of(message))
        except webhook.NotTaken as error:
            if webhook_note_failed(target, error):
                raise Refused(error.detail) from error
            raise Unavailable(error.detail, error.retry_after_s) from error
        webhook_note_taken(target)
        return Sent(PROVIDER, message_id)

    def find(self, message: Message) -> Sent | None:
        """It cannot be asked. What comes twice has the same webhook-id."""
        raise CannotTell


def payload_of(message: Message) -> dict[str, Any]:
    """What a person would read, and no more: neither the event's payload nor whom else it is for."""
    tenant, content = message.tenant, message.content
    return {
        "type": message.kind.code,
        "timestamp": message.since,
        "data": {
            "category": message.kind.category,
            "urgency": message.kind.urgency,
            "title": content.title,
            "body": content.body,
            "url": content.url,
            "workspace": {"id": tenant.id, "slug": tenant.slug, "name": tenant.name},
        },
    }
