"""Writes on API keys. No key allows more than who made it, or changed it last, held there then.

Keys belong to the workspace: they work on when their creator leaves it (docs/adr/0019). What gives or
widens one asks for a recent proof of who it is (ReauthenticationRequired); revoking does not.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Final, Literal

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common import entitlements
from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput
from apps.common.tenancy import require_tenant
from apps.events.services import publish
from apps.roles.api_key_text import api_key_digest, api_key_hint, api_key_text_make
from apps.roles.entitlements import API_KEYS
from apps.roles.enums import ApiKeyState
from apps.roles.events import ApiKeyChanged, ApiKeyCreated, ApiKeyRevoked, ApiKeyRotated
from apps.roles.models import EXPIRES_SOON, ApiKey
from apps.roles.permissions import MANAGE_API_KEY
from apps.roles.places import Place, place_of, places
from apps.roles.selectors_api_keys import api_key_for, api_key_locked
from apps.roles.services.api_key_rules import codes_validate, name_validate, networks_validate

EXPIRES_IN_DAYS = 90
EXPIRES_IN_DAYS_MAX = 365
OVERLAP_S_MIN, OVERLAP_S_MAX = 3600, 7 * 24 * 3600
KEYS_MAX = 500


class _Unchanged(Enum):
    AS_IT_IS = "as it is"


UNCHANGED: Final = _Unchanged.AS_IT_IS


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """text: given to the caller this once; nobody can read it again."""

    key: ApiKey
    text: str = field(repr=False)


@transaction.atomic
def api_key_create(
    *,
    actor: Actor,
    name: str,
    permission_codes: Iterable[str],
    organization_id: uuid.UUID | None = None,
    expires_in_days: int | None = EXPIRES_IN_DAYS,
    networks: Iterable[str] = (),
    allow_dangerous: bool = False,
) -> NewApiKey:
    """Create a key. Publishes roles.api_key_created.

    organization_id: where it is good, and below; None: in the whole workspace. expires_in_days: 1 to 365;
    None: never. networks: addresses or CIDRs that it may be used from; none: any. allow_dangerous: has to
    be said where a permission is dangerous.
    Raises PermissionDenied (also for a permission that the actor lacks there, or that no key can have),
    NotFound (organization), InvalidInput, Conflict, EntitlementExceeded.
    """
    actor = places().settle(actor)
    place = places().find(actor, organization_id)
    authorize(actor, MANAGE_API_KEY, place)
    actor.require_recent_proof()
    codes = codes_validate(actor, permission_codes, place, allow_dangerous)
    if ApiKey.objects.filter(revoked_at=None).count() >= KEYS_MAX:
        raise Conflict(_("A workspace can have 500 API keys."), code="too_many")
    entitlements.check(require_tenant(), API_KEYS)
    text = api_key_text_make(require_tenant().id)
    key = ApiKey(
        name=name_validate(name),
        hint=api_key_hint(text),
        digest=api_key_digest(text),
        permissions=codes,
        organization_id=None if place.is_root else place.id,
        networks=networks_validate(networks),
        created_by=actor.label[:254],
        created_by_member_id=actor.member_id,
        created_by_person_id=actor.person_id,
    )
    _set_expiry(key, expires_in_days)
    _save(key, is_new=True)
    publish(
        ApiKeyCreated(
            api_key_id=key.id,
            name=key.name,
            hint=key.hint,
            permissions=" ".join(codes),
            organization_id=key.organization_id,
            expires_at=key.expires_at,
        ),
        actor=actor,
    )
    return NewApiKey(api_key_for(actor, key.id), text)


@transaction.atomic
def api_key_update(
    *,
    actor: Actor,
    api_key_id: uuid.UUID,
    name: str | None = None,
    permission_codes: Iterable[str] | None = None,
    networks: Iterable[str] | None = None,
    expires_in_days: int | Literal[_Unchanged.AS_IT_IS] | None = UNCHANGED,
    allow_dangerous: bool = False,
) -> ApiKey:
    """Change a key, from its next request on. Locks it. Publishes roles.api_key_changed.

    expires_in_days counts from now. Raises PermissionDenied (also where the key then allows what the actor
    lacks there), NotFound, InvalidInput, Conflict (revoked or expired).
    """
    actor = places().settle(actor)
    key, place = _lock(actor, api_key_id)
    actor.require_recent_proof()
    if key.state == ApiKeyState.EXPIRED:
        raise Conflict(_("The key has expired. Rotate it."), code="api_key_expired")
    if name is not None:
        key.name = name_validate(name)
    before = set(key.permissions)
    # What it cannot have (any more) allows nothing, and stays until somebody takes it away.
    stale = before - set(key.given)
    wanted = before if permission_codes is None else set(permission_codes)
    # A danger that somebody agreed to before need not be agreed to again.
    codes = codes_validate(actor, wanted - stale, place, allow_dangerous, agreed=before)
    key.permissions = sorted({*codes, *(wanted & stale)})
    if networks is not None:
        key.networks = networks_validate(networks)
    if expires_in_days is not UNCHANGED:
        _set_expiry(key, expires_in_days)
        if key.previous_until and key.expires_at and key.previous_until > key.expires_at:
            key.previous_until = key.expires_at
    _save(key)
    publish(
        ApiKeyChanged(
            api_key_id=key.id,
            name=key.name,
            permissions=" ".join(key.permissions),
            networks=" ".join(key.networks),
            expires_at=key.expires_at,
        ),
        actor=actor,
    )
    return key


@transaction.atomic
def api_key_rotate(
    *,
    actor: Actor,
    api_key_id: uuid.UUID,
    overlap_s: int,
    expires_in_days: int | None = EXPIRES_IN_DAYS,
    replaces: str | None = None,
) -> NewApiKey:
    """Give a key another text; that of before is good for a while longer. Publishes roles.api_key_rotated.

    overlap_s: 3,600 to 604,800; never beyond the expiry of before. A text of before an earlier rotation is
    good no longer. replaces: the hint of the text that is meant, so that two do not rotate one after the
    other. Locks the key.
    Raises PermissionDenied (also where the key allows what the actor lacks there: they get the text),
    NotFound, InvalidInput, Conflict (revoked, or rotated meanwhile).
    """
    actor = places().settle(actor)
    key, place = _lock(actor, api_key_id)
    actor.require_recent_proof()
    if replaces is not None and replaces != key.hint:
        raise Conflict(_("Somebody has rotated this key meanwhile."), code="rotated_meanwhile")
    if not OVERLAP_S_MIN <= overlap_s <= OVERLAP_S_MAX:
        raise InvalidInput.field(
            "overlap_s", _("Choose 1 hour to 7 days (3,600 to 604,800 seconds)."), "out_of_range"
        )
    codes_validate(actor, key.given, place, True)
    now = timezone.now()
    until = now + timedelta(seconds=overlap_s)
    if key.expires_at is not None:
        until = min(until, key.expires_at)
    is_good = key.digest is not None and until > now
    key.previous_digest = key.digest if is_good else None
    key.previous_hint = key.hint if is_good else ""
    key.previous_until = until if is_good else None
    text = api_key_text_make(require_tenant().id)
    key.hint, key.digest, key.rotated_at = api_key_hint(text), api_key_digest(text), now
    _set_expiry(key, expires_in_days)
    _save(key)
    publish(
        ApiKeyRotated(
            api_key_id=key.id,
            name=key.name,
            hint=key.hint,
            previous_until=key.previous_until,
            expires_at=key.expires_at,
        ),
        actor=actor,
    )
    return NewApiKey(key, text)


@transaction.atomic
def api_key_revoke(*, actor: Actor, api_key_id: uuid.UUID, reason: str = "") -> ApiKey:
    """Refuse a key from its next request on, for good. Locks it. Publishes roles.api_key_revoked.

    Staff and the system may. Raises PermissionDenied, NotFound, Conflict (revoked already).
    """
    actor = places().settle(actor)
    key, _place = _lock(actor, api_key_id)
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at", "updated_at"])
    publish(
        ApiKeyRevoked(api_key_id=key.id, name=key.name, hint=key.hint, reason=reason[:500]),
        actor=actor,
    )
    return key


def _lock(actor: Actor, api_key_id: uuid.UUID) -> tuple[ApiKey, Place | None]:
    """A key that is not revoked, locked, of which the actor may dispose."""
    key = api_key_locked(actor, api_key_id)
    place = place_of(key)
    if not actor.is_platform:
        authorize(actor, MANAGE_API_KEY, place)
    if key.revoked_at is not None:
        raise Conflict(_("The key is revoked."), code="api_key_revoked")
    return key, place


def _save(key: ApiKey, *, is_new: bool = False) -> None:
    try:
        with transaction.atomic():
            key.save(force_insert=is_new)
    except IntegrityError as error:
        raise InvalidInput.field(
            "name", _("There is a key with this name."), "name_taken"
        ) from error


def _set_expiry(key: ApiKey, days: int | None) -> None:
    if days is not None and not 1 <= days <= EXPIRES_IN_DAYS_MAX:
        raise InvalidInput.field(
            "expires_in_days", _("Choose 1 to 365 days, or say that it never expires."), "range"
        )
    now = timezone.now()
    key.expires_at = None if days is None else now + timedelta(days=days)
    # Who chooses so short a life knows of it.
    is_soon = key.expires_at is not None and key.expires_at <= now + EXPIRES_SOON
    key.expiry_announced_at = now if is_soon else None
