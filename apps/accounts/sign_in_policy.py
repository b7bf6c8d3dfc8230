"""What a workspace asks of those who sign in: reading it, deciding by it, changing it."""

import uuid
from collections.abc import Set

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts import epochs
from apps.accounts.enums import SignInMethod
from apps.accounts.errors import MfaRequired
from apps.accounts.events import SignInPolicyChanged, SupportAccessChanged
from apps.accounts.methods import has_second_factor
from apps.accounts.models import SignInPolicy
from apps.accounts.permissions import MANAGE_SIGN_IN_POLICY
from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict, NotFound
from apps.common.urls import public_url
from apps.events.services import publish
from apps.tenants.permissions import VIEW_SETTINGS


def sign_in_policy_for(actor: Actor) -> SignInPolicy:
    """The policy of the actor's tenant; one that is not saved holds the defaults. One statement.

    Raises PermissionDenied, NotFound for an actor in no tenant.
    """
    if actor.tenant_id is None:
        raise NotFound
    authorize(actor, VIEW_SETTINGS)
    return _find(actor.tenant_id)


@system_connection()
def sign_in_policy_of(tenant_id: uuid.UUID) -> SignInPolicy:
    """For the hand-off, before anybody is in the tenant. One statement."""
    return _find(tenant_id)


def require_satisfied(require_mfa: bool, methods: Set[str]) -> None:
    """The one decision: whether a sign-in proved by `methods` is enough for a policy.

    Called where a ticket is issued and where an actor is built, on every request. What the tenant's own
    identity provider asks for is the tenant's choice already. Raises MfaRequired.
    """
    if require_mfa and not has_second_factor(methods) and SignInMethod.SSO not in methods:
        raise MfaRequired(
            _(
                "This workspace requires a second factor. Set one up at %s, then sign in with it; with the "
                "API, send `mfa_code` to `auth/token/`."
            )
            % public_url("/account/security/")
        )


@transaction.atomic
def sign_in_policy_update(
    *, actor: Actor, require_mfa: bool | None = None, allow_support: bool | None = None
) -> SignInPolicy:
    """Change the policy of the actor's tenant; None leaves a rule as it is. Effective on the next request.

    Locks the policy. Publishes accounts.sign_in_policy_changed, accounts.support_access_changed, when
    something changed.
    Raises PermissionDenied, ReauthenticationRequired, NotFound, Conflict (`mfa_required`: they would lock
    themselves out).
    """
    if actor.tenant_id is None:
        raise NotFound
    authorize(actor, MANAGE_SIGN_IN_POLICY)
    actor.require_recent_proof()
    SignInPolicy.objects.get_or_create(tenant_id=actor.tenant_id)
    policy = SignInPolicy.objects.select_for_update().get(tenant_id=actor.tenant_id)
    if allow_support is not None and policy.allow_support != allow_support:
        _set_support(actor, policy, allow_support)
    if require_mfa is None or policy.require_mfa == require_mfa:
        return policy
    if require_mfa and not actor.is_platform and not has_second_factor(actor.methods):
        raise Conflict(
            _("Sign in with a second factor yourself first: this would lock you out."),
            code="mfa_required",
        )
    policy.require_mfa = require_mfa
    epochs.change(epochs.of_tenant(actor.tenant_id))
    policy.save(update_fields=["require_mfa", "updated_at"])
    publish(
        SignInPolicyChanged(tenant_id=actor.tenant_id, require_mfa=policy.require_mfa),
        actor=actor,
    )
    return policy


def _set_support(actor: Actor, policy: SignInPolicy, allowed: bool) -> None:
    """Who is in as a member when it is taken away goes on until their time is over, an hour at most."""
    policy.allow_support = allowed
    policy.save(update_fields=["allow_support", "updated_at"])
    publish(SupportAccessChanged(tenant_id=policy.tenant_id, allowed=allowed), actor=actor)


def _find(tenant_id: uuid.UUID) -> SignInPolicy:
    found = SignInPolicy.objects.filter(tenant_id=tenant_id).first()
    return found or SignInPolicy(tenant_id=tenant_id)
