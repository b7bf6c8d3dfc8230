"""Tokens of tenants' identity providers. Who may make and revoke them is decided a layer above."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.models import ScimToken
from apps.common.errors import NotFound
from apps.common.opaque_tokens import (
    opaque_token_hash,
    opaque_token_is_well_formed,
    opaque_token_make,
)

PREFIX = "scim"
# How exact the time of last use is: a write for each request would cost more than it tells.
USE_NOTED_EVERY_S = 60


def scim_tokens_of(tenant_id: uuid.UUID) -> QuerySet[ScimToken]:
    """All tokens of a tenant, the latest first."""
    return ScimToken.objects.filter(tenant_id=tenant_id).order_by("-id")


def scim_tokens_good(tenant_id: uuid.UUID) -> QuerySet[ScimToken]:
    now = timezone.now()
    return scim_tokens_of(tenant_id).filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=now), revoked_at__isnull=True
    )


def scim_token_issue(
    *, tenant_id: uuid.UUID, label: str, created_by: str, expires_at: datetime | None
) -> tuple[ScimToken, str]:
    """A new token, and its secret, which nobody can read again."""
    secret = opaque_token_make(PREFIX)
    token = ScimToken.objects.create(
        tenant_id=tenant_id,
        label=label,
        token_hash=opaque_token_hash(secret),
        hint=secret[-4:],
        created_by=created_by[:254],
        expires_at=expires_at,
    )
    return token, secret


@transaction.atomic
def scim_token_withdraw(*, tenant_id: uuid.UUID, token_id: uuid.UUID) -> tuple[ScimToken, bool]:
    """Revoke a token, and say whether it was good until now. Locks it. Raises NotFound."""
    token = scim_tokens_of(tenant_id).select_for_update().filter(id=token_id).first()
    if token is None:
        raise NotFound
    if token.revoked_at is not None:
        return token, False
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at", "updated_at"])
    return token, True


def scim_token_find(tenant_id: uuid.UUID, secret: str) -> ScimToken | None:
    """The good token of the tenant that has this secret. One statement, none for what cannot be one."""
    if not opaque_token_is_well_formed(secret, PREFIX):
        return None
    token = scim_tokens_of(tenant_id).filter(token_hash=opaque_token_hash(secret)).first()
    return token if token is not None and token.is_good else None


def scim_token_note_use(token: ScimToken, ip: str | None) -> None:
    """Note when and from where it was used, at most once in USE_NOTED_EVERY_S. One statement then."""
    now = timezone.now()
    if (
        token.last_used_at is None
        or token.last_used_ip != ip
        or now - token.last_used_at >= timedelta(seconds=USE_NOTED_EVERY_S)
    ):
        ScimToken.objects.filter(id=token.id).update(last_used_at=now, last_used_ip=ip)
