"""One message to all devices of a member."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from django.core.cache import caches
from django.utils.translation import gettext as _

from apps.common.actors import Actor
from apps.common.database import in_transaction
from apps.common.errors import Conflict
from apps.common.notifying import Urgency
from apps.notifications.enums import DeviceKind, RemovalReason
from apps.notifications.models import PushDevice
from apps.notifications.push import Answer, Note, Result
from apps.notifications.push.services import ask, push_services
from apps.notifications.selectors_devices import address_of, push_device_for, signed_in
from apps.notifications.services.push_devices import push_devices_forget
from apps.tenants.models import Tenant

log = structlog.get_logger(__name__)

ACTOR = Actor.system("push")
# Less than a worker has a delivery for; what is left then is asked when it is tried again.
LONGEST_S = 60.0
TEST_EVERY_S = 5
NOT_ASKED = Answer(Result.AWAY, "Others took too long.")


@dataclass(frozen=True, slots=True)
class Asked:
    """service: its name."""

    device: PushDevice
    service: str
    answer: Answer


def push_test(*, actor: Actor, device_id: uuid.UUID, tenant: Tenant) -> Answer:
    """Send a device of the actor's something to show. As push_send.

    Raises NotFound, and Conflict right after another, or where the actor is not signed in any more.
    """
    device = push_device_for(actor, device_id)
    if device.kind not in push_services() or not signed_in([device]):
        raise Conflict(_("Nothing is sent there: you are not signed in on it any more."))
    if not caches["global"].add(f"notifications:push_test:{device.id}", True, TEST_EVERY_S):
        raise Conflict(_("A test was sent a moment ago. Wait some seconds."))
    note = Note(
        uuid.uuid4().hex,
        str(_("A test")),
        str(_("This is how {tenant} tells you something.")).format(tenant=tenant.name),
        tenant.url("/notifications/devices/"),
        Urgency.URGENT,
    )
    return push_send([device], note)[0].answer


def push_send(devices: Sequence[PushDevice], note: Note) -> list[Asked]:
    """Ask the push service of each, one after the other, and forget those that are gone.

    Not inside a transaction: LONGEST_S seconds and one request at most. Publishes
    notifications.push_device_removed.
    """
    if in_transaction():
        raise RuntimeError("nothing is sent inside a transaction")
    services, until_s = push_services(), time.monotonic() + LONGEST_S
    asked = []
    for device in devices:
        service = services[DeviceKind(device.kind)]
        is_late = time.monotonic() >= until_s
        answer = NOT_ASKED if is_late else ask(service, address_of(device), note)
        if answer.result is not Result.TAKEN:
            log.info(
                "notifications.push_not_taken",
                device_id=str(device.id),
                service=service.name,
                result=answer.result,
                reason=answer.detail,
            )
        asked.append(Asked(device, service.name, answer))
    gone = [one.device.id for one in asked if one.answer.result is Result.GONE]
    if gone:
        push_devices_forget(actor=ACTOR, device_ids=gone, reason=RemovalReason.GONE)
    return asked
