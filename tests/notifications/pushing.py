"""Browsers and phones of the sandbox's, and what they got."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from apps.common.actors import Actor
from apps.common.ids import uuid7
from apps.common.notifying import notification_type
from apps.common.tenancy import require_tenant
from apps.notifications.audiences import readers_of
from apps.notifications.channels import Message
from apps.notifications.content import Content
from apps.notifications.enums import DeviceKind
from apps.notifications.models import PushDevice
from apps.notifications.services import push_device_register
from apps.organizations.models import Member
from apps.sandbox.push import state
from apps.sandbox.push.pages import registration
from apps.sandbox.push.state import Receiver, Service
from apps.tenants.models import Tenant

Register = Callable[..., tuple[PushDevice, Receiver]]


def registering(
    actor: Actor,
    service: Service = Service.WEB,
    *,
    label: str = "",
    sign_in_id: uuid.UUID | None = None,
) -> tuple[PushDevice, Receiver]:
    receiver = state.receiver_add(service, label)
    given = registration(receiver)
    kind = DeviceKind(given["kind"])
    address = {"token": given.get("token", "")}
    if kind is DeviceKind.WEB:
        subscription = given["subscription"]
        address = {"endpoint": subscription["endpoint"], **subscription["keys"]}
    device, _is_new = push_device_register(
        actor=actor, kind=kind, address=address, label=label, sign_in_id=sign_in_id
    )
    return device, receiver


def message_to(member: Member, **content: str) -> Message:
    """In the entered tenant."""
    kind = notification_type("billing.limit_neared")
    assert kind is not None
    tenant = Tenant.objects.get(id=require_tenant().id)
    values = {"title": "Seats", "body": "8 of 10", "action": "", "url": tenant.url("/plan/")}
    (reader,) = readers_of([member])
    return Message(uuid7(), tenant, reader, kind, Content(**{**values, **content}), timezone.now())


def taken(receiver: Receiver) -> list[state.Message]:
    return state.messages(receiver.id)


def long_ago() -> datetime:
    return datetime(2020, 1, 1, tzinfo=UTC)


def subscription(**changes: Any) -> dict[str, Any]:
    """A browser's, which nobody has."""
    made = registration(state.receiver_add(Service.WEB))["subscription"]
    return {**made, **changes}
