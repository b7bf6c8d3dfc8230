"""The devices that push messages reach a member at: their own, and nobody else's."""

import json
import uuid
from collections.abc import Collection, Iterable

from django.db.models import QuerySet

from apps.accounts.session_list import live_sign_ins
from apps.common.actors import Actor
from apps.common.crypto import decrypt
from apps.common.errors import NotFound
from apps.notifications.models import PushDevice
from apps.notifications.push import Address
from apps.notifications.push.services import push_services


def push_devices_for(actor: Actor) -> QuerySet[PushDevice]:
    """The actor's own, the newest first. Empty for programs."""
    if actor.member_id is None:
        return PushDevice.objects.none()
    return PushDevice.objects.filter(member_id=actor.member_id).order_by("-id")


def push_device_for(actor: Actor, device_id: uuid.UUID, *, lock: bool = False) -> PushDevice:
    """Raises NotFound for somebody else's."""
    devices = push_devices_for(actor)
    found = (devices.select_for_update() if lock else devices).filter(id=device_id).first()
    if found is None:
        raise NotFound
    return found


def push_devices_live(member_id: uuid.UUID) -> list[PushDevice]:
    """Those that a member is reached at now, the one seen last first. Two statements."""
    rows = PushDevice.objects.filter(member_id=member_id, kind__in=list(push_services()))
    return signed_in(rows.order_by("-last_seen_at"))


def signed_in(devices: Iterable[PushDevice]) -> list[PushDevice]:
    """Those where the member is signed in still. One statement besides."""
    found = list(devices)
    live = live_sign_ins({one.sign_in_id for one in found if one.sign_in_id is not None})
    return [one for one in found if one.sign_in_id is None or one.sign_in_id in live]


def members_with_push(member_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Of these members, those who are reached at some device now. Two statements."""
    rows = PushDevice.objects.filter(member_id__in=member_ids, kind__in=list(push_services()))
    found = list(rows.values_list("member_id", "sign_in_id"))
    live = live_sign_ins({sign_in for _member, sign_in in found if sign_in is not None})
    return {member for member, sign_in in found if sign_in is None or sign_in in live}


def address_of(device: PushDevice) -> Address:
    """Raises cryptography.fernet.InvalidToken when no key of ours fits any more."""
    address: Address = json.loads(decrypt(bytes(device.address_encrypted)))
    return address
