"""Reads of API keys."""

import uuid
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.common.access import Permission, authorize, paths_allowed, permissions
from apps.common.actors import Actor, ActorKind, Grant
from apps.common.errors import NotFound
from apps.common.tenancy import require_tenant
from apps.roles.models import ApiKey
from apps.roles.permissions import MANAGE_API_KEY
from apps.roles.places import place_of, places


def api_keys_for(actor: Actor) -> QuerySet[ApiKey]:
    """Keys at or below the organizations where the actor manages keys, with their places.

    Staff see all. Keys whose organization is gone are seen by who manages all. One statement.
    Raises PermissionDenied for who manages none.
    """
    keys = places().annotate(ApiKey.objects.all())
    if actor.is_platform:
        return keys
    paths = paths_allowed(actor, MANAGE_API_KEY)
    if paths is None:
        return keys
    if not paths:
        authorize(actor, MANAGE_API_KEY)
    return keys.filter(reduce(or_, (Q(place_path__startswith=path) for path in paths)))


def api_key_for(actor: Actor, api_key_id: uuid.UUID) -> ApiKey:
    """Raises PermissionDenied, NotFound."""
    key = api_keys_for(actor).filter(id=api_key_id).first()
    if key is None:
        raise NotFound
    return key


def api_key_locked(actor: Actor, api_key_id: uuid.UUID) -> ApiKey:
    """As api_key_for, locked: for a change that depends on what the key is now."""
    key = api_keys_for(actor).select_for_update(of=("self",)).filter(id=api_key_id).first()
    if key is None:
        raise NotFound
    return key


def api_key_by_digest(digest: str) -> ApiKey | None:
    """The key whose text, or whose text of before a rotation, has this SHA-256; in any state.

    In the entered tenant. One statement, by unique indexes: nothing is compared character by character.
    """
    found = ApiKey.objects.filter(Q(digest=digest) | Q(previous_digest=digest))
    return places().annotate(found).first()


def api_key_actor(key: ApiKey) -> Actor:
    """The program that has an annotated key, with what it allows at its organization. No statement."""
    label = f"key:{key.name}"
    place = place_of(key)
    grants = (
        (Grant(label, key.held, place.id, place.name, place.path, place.is_root),) if place else ()
    )
    return Actor(
        ActorKind.API_KEY,
        label,
        tenant_id=require_tenant().id,
        grants=grants,
        api_key_id=key.id,
    )


def api_keys_work_at(organization_id: uuid.UUID) -> bool:
    """Whether there is a key that is good at an organization itself."""
    live = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return ApiKey.objects.filter(live, organization_id=organization_id, revoked_at=None).exists()


def api_keys_made_by(member_id: uuid.UUID) -> QuerySet[ApiKey]:
    """Those that work, or would if they were rotated."""
    return ApiKey.objects.filter(created_by_member_id=member_id, revoked_at=None)


def permissions_for_keys() -> list[Permission]:
    """What a key can be given at all, in the order of the codes."""
    return [permission for permission in permissions().values() if permission.for_keys]
