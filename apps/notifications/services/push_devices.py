"""Registering the devices that push messages reach a member at, and forgetting them."""

import hashlib
import json
import uuid
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.actors import Actor
from apps.common.crypto import encrypt
from apps.common.errors import ImpersonationRefused, InvalidInput, NotFound
from apps.events.services import publish
from apps.notifications.enums import DeviceKind, RemovalReason
from apps.notifications.events import PushDeviceAdded, PushDeviceRemoved
from apps.notifications.models import PushDevice
from apps.notifications.push import Address
from apps.notifications.push.services import push_services
from apps.notifications.push.web import problem_of
from apps.notifications.selectors_devices import push_device_for
from apps.organizations.models import Member

MAX_DEVICES = 20
UNSEEN_DAYS = 90
UNSEEN_AT_ONCE = 1000


@transaction.atomic
def push_device_register(
    *, actor: Actor, kind: DeviceKind, address: Address, label: str, sign_in_id: uuid.UUID | None
) -> tuple[PushDevice, bool]:
    """Let a browser or an app take push messages for the actor; and whether it did not before.

    address: of a browser {endpoint, p256dh, auth}, of an app {token}. sign_in_id: of the actor's sign-in
    there. A device belongs to who registered it last: one that another member had becomes the actor's. Of
    more than MAX_DEVICES those go that were not seen for the longest. Locks the member and the device.
    Publishes notifications.push_device_added and push_device_removed. Raises InvalidInput,
    ImpersonationRefused, and NotFound for programs.
    """
    if actor.impersonator is not None:
        raise ImpersonationRefused
    _check(kind, address)
    if actor.member_id is None:
        raise NotFound
    member = Member.objects.select_for_update(no_key=True).get(id=actor.member_id)
    values = {
        "member_id": member.id,
        "kind": kind,
        "address_encrypted": encrypt(json.dumps(dict(address)).encode()),
        "label": label,
        "last_seen_at": timezone.now(),
        "sign_in_id": sign_in_id,
    }
    digest = address_digest(address)
    device, is_new = PushDevice.objects.select_for_update().get_or_create(
        address_digest=digest, defaults=values
    )
    if not is_new:
        if device.member_id != member.id:
            _removed(actor, device, RemovalReason.OTHER_MEMBER)
            is_new = True
        for name, value in values.items():
            setattr(device, name, value)
        device.save(update_fields=[*values, "updated_at"])
    if is_new:
        publish(
            PushDeviceAdded(
                device_id=device.id, member_id=member.id, kind=device.kind, label=device.label
            ),
            actor=actor,
        )
        _keep_newest(actor, member)
    return device, is_new


@transaction.atomic
def push_device_see(
    *, actor: Actor, device_id: uuid.UUID, sign_in_id: uuid.UUID | None
) -> PushDevice:
    """Note that the actor uses it, signed in anew perhaps. Locks it.

    Raises NotFound, ImpersonationRefused.
    """
    if actor.impersonator is not None:
        raise ImpersonationRefused
    device = push_device_for(actor, device_id, lock=True)
    device.last_seen_at, device.sign_in_id = timezone.now(), sign_in_id
    device.save(update_fields=["last_seen_at", "sign_in_id", "updated_at"])
    return device


@transaction.atomic
def push_device_remove(*, actor: Actor, device_id: uuid.UUID) -> None:
    """Send nothing to it any more. Locks it. Publishes notifications.push_device_removed. Raises NotFound."""
    _forget(actor, [push_device_for(actor, device_id, lock=True)], RemovalReason.BY_MEMBER)


@transaction.atomic
def push_devices_forget(
    *, actor: Actor, device_ids: Iterable[uuid.UUID], reason: RemovalReason
) -> int:
    """For the platform itself; how many there were. Locks them. Publishes
    notifications.push_device_removed for each.
    """
    rows = PushDevice.objects.filter(id__in=list(device_ids)).order_by("id")
    return _forget(actor, rows.select_for_update(), reason)


@transaction.atomic
def push_devices_forget_member(*, actor: Actor, member_id: uuid.UUID) -> int:
    """All of a member who has left; how many. As push_devices_forget."""
    rows = PushDevice.objects.filter(member_id=member_id).order_by("id")
    return _forget(actor, rows.select_for_update(), RemovalReason.LEFT)


def push_devices_forget_unseen() -> int:
    """Those that were not seen for UNSEEN_DAYS, UNSEEN_AT_ONCE at most; how many. As push_devices_forget."""
    before = timezone.now() - timedelta(days=UNSEEN_DAYS)
    ids = PushDevice.objects.filter(last_seen_at__lt=before).order_by("last_seen_at")
    found = list(ids.values_list("id", flat=True)[:UNSEEN_AT_ONCE])
    actor = Actor.system("notifications")
    return push_devices_forget(actor=actor, device_ids=found, reason=RemovalReason.UNSEEN)


def address_digest(address: Address) -> str:
    """SHA-256 of the endpoint or token: what it is told apart by, without saying it."""
    return hashlib.sha256((address.get("endpoint") or address["token"]).encode()).hexdigest()


def _check(kind: DeviceKind, address: Address) -> None:
    if kind not in push_services():
        raise InvalidInput.field("kind", _("No push messages are sent to these."), "not_offered")
    if kind is DeviceKind.WEB and (problem := problem_of(address)):
        raise InvalidInput.field("subscription", problem)


def _keep_newest(actor: Actor, member: Member) -> None:
    rows = PushDevice.objects.filter(member=member).order_by("-last_seen_at", "-id")
    _forget(actor, list(rows[MAX_DEVICES:]), RemovalReason.TOO_MANY)


def _forget(actor: Actor, devices: Iterable[PushDevice], reason: RemovalReason) -> int:
    found = list(devices)
    for device in found:
        _removed(actor, device, reason)
    PushDevice.objects.filter(id__in=[one.id for one in found]).delete()
    return len(found)


def _removed(actor: Actor, device: PushDevice, reason: RemovalReason) -> None:
    publish(
        PushDeviceRemoved(
            device_id=device.id,
            member_id=device.member_id,
            kind=device.kind,
            label=device.label,
            reason=reason,
        ),
        actor=actor,
    )
