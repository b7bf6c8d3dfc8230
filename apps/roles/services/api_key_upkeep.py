"""What is noted of API keys while they are used, and what becomes of them in time."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.write_behind import WriteBehind
from apps.events.services import publish
from apps.roles.events import ApiKeyExpiryAnnounced, ApiKeyFirstUsed, ApiKeyTransferred
from apps.roles.models import EXPIRES_SOON, ApiKey
from apps.roles.selectors_api_keys import api_keys_made_by

log = structlog.get_logger(__name__)

ACTOR = Actor.system("api-keys")
# A use is noted at most so often.
USE_NOTED_S = 60
KEPT_DAYS = 90


def _uses_write(found: Mapping[str, list[str]]) -> None:
    for key_id, (at, ip) in found.items():
        used_at = datetime.fromisoformat(at)
        earlier = ApiKey.objects.filter(id=uuid.UUID(key_id), last_used_at__lt=used_at)
        earlier.update(last_used_at=used_at, last_used_ip=ip)


USES = WriteBehind("roles.api_key_uses", _uses_write)


def api_key_used(*, actor: Actor, key: ApiKey, ip: str) -> None:
    """Note that a key is being used, and from where: a write for the first time, later behind the request.

    Nothing within a minute of the last one that was written. The first time publishes
    roles.api_key_first_used. Call it outside of a request's own transactions.
    """
    now = timezone.now()
    noted = key.last_used_at
    if noted is not None:
        if noted <= now - timedelta(seconds=USE_NOTED_S):
            USES.note(str(key.id), [now.isoformat(), ip])
        return
    # Of many at once, one writes.
    unchanged = ApiKey.objects.filter(id=key.id, last_used_at=None)
    with transaction.atomic():
        if unchanged.update(last_used_at=now, last_used_ip=ip):
            publish(ApiKeyFirstUsed(api_key_id=key.id, name=key.name, ip=ip), actor=actor)


@transaction.atomic
def api_keys_announce_expiry() -> list[uuid.UUID]:
    """Tell of the keys that expire within a week, once each. Publishes roles.api_key_expiry_announced."""
    now = timezone.now()
    due = ApiKey.objects.select_for_update(skip_locked=True).filter(
        revoked_at=None,
        expiry_announced_at=None,
        expires_at__gt=now,
        expires_at__lte=now + EXPIRES_SOON,
    )
    told = []
    for key in due:
        assert key.expires_at is not None  # noqa: S101 - filtered so
        key.expiry_announced_at = now
        key.save(update_fields=["expiry_announced_at"])
        publish(
            ApiKeyExpiryAnnounced(api_key_id=key.id, name=key.name, expires_at=key.expires_at),
            actor=ACTOR,
        )
        told.append(key.id)
    return told


@transaction.atomic
def api_keys_transfer(
    *,
    actor: Actor,
    from_member_id: uuid.UUID,
    to_member_id: uuid.UUID,
    to_person_id: uuid.UUID,
    to_label: str,
) -> int:
    """For who offboards a member: another one looks after the keys that they made. Returns how many.

    The keys stay as they are, and nobody gets their text. Publishes roles.api_key_transferred for each.
    """
    found = list(api_keys_made_by(from_member_id).select_for_update())
    for key in found:
        key.created_by_member_id, key.created_by_person_id = to_member_id, to_person_id
        key.created_by = to_label[:254]
        key.save()
        publish(
            ApiKeyTransferred(api_key_id=key.id, name=key.name, to_member_id=to_member_id),
            actor=actor,
        )
    return len(found)


def api_keys_prune() -> int:
    """Delete what was revoked, or expired, 90 days ago; returns how many. Until then a leak can be traced."""
    before = timezone.now() - timedelta(days=KEPT_DAYS)
    dead = ApiKey.objects.filter(Q(revoked_at__lte=before) | Q(expires_at__lte=before))
    count, _ = dead.delete()
    if count:
        log.info("roles.api_keys_pruned", count=count)
    return count
