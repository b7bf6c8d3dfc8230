"""Tokens with which a tenant's identity provider signs in to SCIM."""

import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ScimToken
from apps.accounts.scim_tokens import scim_token_issue, scim_token_withdraw, scim_tokens_good
from apps.common import entitlements
from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput
from apps.common.tenancy import require_tenant
from apps.events.services import publish
from apps.organizations.entitlements import PROVISIONING
from apps.organizations.events import ScimTokenCreated, ScimTokenRevoked
from apps.organizations.permissions import MANAGE_PROVISIONING
from apps.organizations.services.directory import directory_locked
from apps.organizations.services.directory_users import directory_ensure

# Two providers, each with the next token while the present one is being replaced.
MAX_GOOD = 4
MAX_DAYS = 3650


@transaction.atomic
def scim_token_create(
    *, actor: Actor, label: str, expires_in_days: int | None
) -> tuple[ScimToken, str]:
    """A new token, and its secret, which is shown once.

    expires_in_days: 1 to 3,650, None for one that lasts until it is revoked. Locks the directory, and
    enters those into it who are members already. Publishes organizations.scim_token_created.
    Raises PermissionDenied, ReauthenticationRequired, InvalidInput, Conflict (too many),
    EntitlementExceeded.
    """
    authorize(actor, MANAGE_PROVISIONING)
    actor.require_recent_proof()
    label = " ".join(label.split())
    if not label or len(label) > 80 or not label.isprintable():
        raise InvalidInput.field("label", _("Use 1 to 80 printable characters."), "label_invalid")
    if expires_in_days is not None and not 1 <= expires_in_days <= MAX_DAYS:
        raise InvalidInput.field("expires_in_days", _("Use 1 to 3,650 days."), "out_of_range")
    directory_locked()
    entitlements.check(require_tenant(), PROVISIONING)
    tenant_id = require_tenant().id
    if scim_tokens_good(tenant_id).count() >= MAX_GOOD:
        raise Conflict(
            _("There are four tokens already. Revoke one that is not used any more."),
            code="too_many_tokens",
        )
    token, secret = scim_token_issue(
        tenant_id=tenant_id,
        label=label,
        created_by=actor.label,
        expires_at=timezone.now() + timedelta(days=expires_in_days) if expires_in_days else None,
    )
    directory_ensure()
    publish(ScimTokenCreated(token_id=token.id, label=token.label), actor=actor)
    return token, secret


@transaction.atomic
def scim_token_revoke(*, actor: Actor, token_id: uuid.UUID) -> ScimToken:
    """Make a token void from the next request on; again is harmless. Platform staff may too.

    Locks the token. Publishes organizations.scim_token_revoked. Raises PermissionDenied, NotFound.
    """
    if not actor.is_platform:
        authorize(actor, MANAGE_PROVISIONING)
    token, was_good = scim_token_withdraw(tenant_id=require_tenant().id, token_id=token_id)
    if was_good:
        publish(ScimTokenRevoked(token_id=token.id, label=token.label), actor=actor)
    return token
