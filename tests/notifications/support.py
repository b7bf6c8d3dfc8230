"""What tests of notifications ask again and again."""

from typing import Any

from django.db import transaction

from apps.billing.events import LimitNeared
from apps.common.actors import Actor
from apps.events.drain import drain_once
from apps.events.services import publish
from apps.tenants.models import Tenant

SYSTEM = Actor.system("tests")
# Of a workspace in which nobody was told anything.
EMPTY_TABLES = [
    f"notifications_{name}"
    for name in (
        *("channeldefault", "delivery", "digest", "inboxitem", "notification", "phone"),
        *("preference", "pushdevice", "templateoverride", "timing", "webhooktarget"),
    )
]


def tell(event: Any, actor: Actor = SYSTEM) -> None:
    """Publish it, and let the handlers have it."""
    with transaction.atomic():
        publish(event, actor=actor)
    drain_once()


def limit_neared(tenant: Tenant, used: int = 8) -> LimitNeared:
    return LimitNeared(tenant_id=tenant.id, code="organizations.seats", used=used, limit=10)
