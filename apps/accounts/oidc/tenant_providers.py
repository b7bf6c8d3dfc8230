"""A tenant's own provider: connected, tested, turned on, enforced, removed, by who manages it."""

import uuid
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts import epochs, handoff
from apps.accounts.entitlements import SINGLE_SIGN_ON
from apps.accounts.enums import ProviderState as S
from apps.accounts.errors import ProviderUnavailable
from apps.accounts.events import (
    IdentityProviderConnected,
    IdentityProviderRemoved,
    IdentityProviderSwitched,
    IdentityProviderTested,
    IdentityProviderUpdated,
)
from apps.accounts.models import EmailDomain, IdentityProvider, Person
from apps.accounts.oidc.client import SignedIn
from apps.accounts.oidc.config import Provider, internal_hosts
from apps.accounts.oidc.discovery import discover, discovery_url, require_keys
from apps.accounts.oidc.enforcement import end_other_sign_ins, is_met, sso_rule_of
from apps.accounts.oidc.members import members
from apps.accounts.permissions import MANAGE_IDENTITY_PROVIDER
from apps.accounts.validators import validate_printable
from apps.common import crypto, entitlements
from apps.common.access import authorize, require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.common.outbound import url_problem
from apps.common.tenancy import require_tenant
from apps.common.urls import public_url
from apps.events.services import publish
from apps.tenants.services import lock

NAME_MAX_LENGTH, ID_MAX_LENGTH, SECRET_MAX_LENGTH, CLAIM_MAX_LENGTH = 60, 255, 500, 80
MAX_BREAK_GLASS = 10
# From which states a state can be reached.
FROM: Final = {
    S.TESTED: (S.ON, S.ENFORCED),
    S.ON: (S.TESTED, S.ENFORCED),
    S.ENFORCED: (S.ON,),
}


class _Unset:
    pass


UNSET: Final = _Unset()


def provider_for(actor: Actor) -> IdentityProvider | None:
    """The provider of the actor's tenant, if it has one. One statement. Raises PermissionDenied."""
    authorize(actor, MANAGE_IDENTITY_PROVIDER)
    return IdentityProvider.objects.filter(tenant_id=require_tenant().id).first()


def provider_connect(
    *,
    actor: Actor,
    name: str,
    discovery_url_given: str,
    client_id: str,
    client_secret: str | None = None,
    groups_claim: str = "groups",
) -> IdentityProvider:
    """Connect a provider, or change what is connected; None keeps the secret.

    Not atomic: the discovery document and the keys are fetched before the transaction, in ten seconds at
    most. Another address or client begins anew as a draft, and forgets who was who. Publishes
    accounts.identity_provider_connected. Raises PermissionDenied, ReauthenticationRequired, InvalidInput,
    Conflict (it is on, and another address or client was given), EntitlementExceeded.
    """
    authorize(actor, MANAGE_IDENTITY_PROVIDER)
    actor.require_recent_proof()
    texts = {
        "name": (name.strip(), NAME_MAX_LENGTH),
        "client_id": (client_id.strip(), ID_MAX_LENGTH),
        "groups_claim": (groups_claim.strip(), CLAIM_MAX_LENGTH),
        "client_secret": (client_secret, SECRET_MAX_LENGTH),
    }
    for attr, (text, length) in texts.items():
        if text is not None:
            _check_text(attr, text, length)
    url = discovery_url(discovery_url_given)
    problem = url_problem(url, internal_hosts())
    if problem:
        raise InvalidInput.field("discovery_url", problem)
    _require_change_allowed(_row(), url, client_id.strip(), client_secret)
    entitlements.check(require_tenant(), SINGLE_SIGN_ON)
    try:
        found = discover(url, is_trusted=False)
        require_keys(found)
    except ProviderUnavailable as error:
        raise InvalidInput.field("discovery_url", str(error.detail), "discovery_failed") from error
    values = {
        "name": name.strip(),
        "discovery_url": url,
        "client_id": client_id.strip(),
        "groups_claim": groups_claim.strip(),
        "issuer": found.issuer,
        "authorization_endpoint": found.authorization_endpoint,
        "token_endpoint": found.token_endpoint,
        "userinfo_endpoint": found.userinfo_endpoint,
        "jwks_uri": found.jwks_uri,
        "end_session_endpoint": found.end_session_endpoint,
        "names_issuer": found.names_issuer,
        "discovered_at": timezone.now(),
        "client_authentication": found.client_authentication,
        "algorithms": list(found.algorithms),
    }
    if client_secret is not None:
        values["client_secret_encrypted"] = crypto.encrypt(client_secret.encode())
    return _store(actor, values, client_secret)


@transaction.atomic
def _store(actor: Actor, values: dict[str, Any], client_secret: str | None) -> IdentityProvider:
    tenant_id = require_tenant().id
    # One row at most: a second transaction waits for the first.
    lock(tenant_id)
    row = IdentityProvider.objects.select_for_update().filter(tenant_id=tenant_id).first()
    _require_change_allowed(row, values["discovery_url"], values["client_id"], client_secret)
    if row is None:
        row = IdentityProvider(tenant_id=tenant_id)
    elif _is_another(row, values["discovery_url"], values["client_id"], values["issuer"]):
        row.identities.all().delete()
        row.state, row.last_tested_at = S.DRAFT, None
        row.last_test_error, row.last_test_claims = "", {}
    for attr, value in values.items():
        setattr(row, attr, value)
    row.save()
    publish(
        IdentityProviderConnected(provider_id=row.id, issuer=row.issuer, client_id=row.client_id),
        actor=actor,
    )
    return row


@transaction.atomic
def provider_update(
    *,
    actor: Actor,
    state: S | None = None,
    default_role_id: uuid.UUID | _Unset | None = UNSET,
    break_glass_ids: Sequence[uuid.UUID] | None = None,
) -> IdentityProvider:
    """Turn it on, off, or make it a must; say what those get who join by it, and who may still come without.

    Locks the provider. Publishes accounts.identity_provider_switched and identity_provider_updated, as far as
    something changes. Raises PermissionDenied, ReauthenticationRequired, NotFound, InvalidInput, Conflict
    (not tested; no verified domain; no owner who could come in without it).
    """
    row = _locked(actor)
    changed = []
    if not isinstance(default_role_id, _Unset) and default_role_id != row.default_role_id:
        if default_role_id is not None:
            members().require_joining_role(default_role_id)
        row.default_role_id = default_role_id
        changed.append("default_role_id")
    if break_glass_ids is not None and set(break_glass_ids) != set(row.break_glass_ids):
        row.break_glass_ids = _owners(break_glass_ids)
        changed.append("break_glass_ids")
    if changed:
        if row.is_enforced:
            _require_break_glass(row)
        publish(IdentityProviderUpdated(provider_id=row.id, fields=", ".join(changed)), actor=actor)
    if state is not None and state != row.state:
        _switch(actor, row, state)
        changed.append("state")
    if changed:
        # What it asks of members is remembered with their sign-ins.
        epochs.change(epochs.of_tenant(require_tenant().id))
        row.save(update_fields=[*changed, "updated_at"])
    return row


def _switch(actor: Actor, row: IdentityProvider, state: S) -> None:
    tenant_id = require_tenant().id
    if row.state not in FROM.get(state, ()):
        raise Conflict(
            _("Test the connection first.")
            if row.state == S.DRAFT
            else _("Turn it on first, then make it a must."),
            code="provider_not_tested" if row.state == S.DRAFT else "provider_not_on",
        )
    if (
        state != S.TESTED
        and not EmailDomain.objects.filter(tenant_id=tenant_id, verified_at__isnull=False).exists()
    ):
        raise Conflict(
            _("Verify an e-mail domain first: only people in it can sign in by the provider."),
            code="no_verified_domain",
        )
    if state != S.TESTED and row.state == S.TESTED:
        entitlements.check(require_tenant(), SINGLE_SIGN_ON)
    if state == S.ENFORCED:
        _require_break_glass(row)
        _require_way_in(actor, row)
        end_other_sign_ins(actor, tenant_id)
    publish(
        IdentityProviderSwitched(
            provider_id=row.id, from_state=row.state, to_state=state, reason=""
        ),
        actor=actor,
    )
    row.state = state


def _require_way_in(actor: Actor, row: IdentityProvider) -> None:
    """Nobody enforces what would end their own session."""
    person = Person.objects.filter(id=actor.person_id).first() if actor.person_id else None
    if actor.proof is None or person is None:
        return
    domains = EmailDomain.objects.filter(tenant_id=require_tenant().id, verified_at__isnull=False)
    rule = sso_rule_of(
        person.id,
        person.email,
        break_glass_ids=row.break_glass_ids,
        domains=list(domains.values_list("domain", flat=True)),
    )
    if not is_met(rule, actor.methods):
        raise Conflict(
            _(
                "Sign in by the provider yourself first, or with a second factor as one who may come in "
                "without it: this would lock you out."
            ),
            code="would_lock_you_out",
        )


@transaction.atomic
def provider_remove(*, actor: Actor) -> None:
    """Disconnect it: everybody signs in with what else they have. Forgets who was who there.

    Publishes accounts.identity_provider_removed. Raises PermissionDenied, NotFound.
    """
    row = _locked(actor)
    epochs.change(epochs.of_tenant(require_tenant().id))
    publish(IdentityProviderRemoved(provider_id=row.id, issuer=row.issuer), actor=actor)
    row.delete()


def provider_test_url(*, actor: Actor, host: str) -> str:
    """Where the actor's browser tests the connection by signing in there: good once, for a minute.

    host: the tenant's, to come back to. Raises PermissionDenied, NotFound.
    """
    row = provider_for(actor)
    if row is None:
        raise NotFound
    data = {"provider_id": str(row.id), "person_id": str(actor.person_id), "host": host}
    return public_url(f"/oidc/test/?{urlencode({'ticket': handoff.issue_test(data)})}")


@transaction.atomic
def provider_test_note(
    *, provider: Provider, person_id: uuid.UUID, signed_in: SignedIn | None, error: str = ""
) -> None:
    """Keep what a test found; call it in the tenant. Changes nobody. Publishes identity_provider_tested."""
    row = IdentityProvider.objects.select_for_update().filter(id=provider.id).first()
    if row is None or _is_another(row, row.discovery_url, provider.client_id, provider.issuer):
        return
    row.last_tested_at, row.last_test_error, row.last_test_claims = timezone.now(), error[:300], {}
    if signed_in is not None:
        row.last_test_claims = {
            "sub": signed_in.subject,
            "email": signed_in.email,
            "name": signed_in.name,
            "groups": list(signed_in.groups),
        }
        if row.state == S.DRAFT:
            row.state = S.TESTED
    row.save()
    publish(
        IdentityProviderTested(
            provider_id=row.id, person_id=person_id, is_successful=signed_in is not None
        ),
        actor=Actor.system("oidc"),
    )


def _row() -> IdentityProvider | None:
    return IdentityProvider.objects.filter(tenant_id=require_tenant().id).first()


def _locked(actor: Actor) -> IdentityProvider:
    authorize(actor, MANAGE_IDENTITY_PROVIDER)
    actor.require_recent_proof()
    row = IdentityProvider.objects.select_for_update().filter(tenant_id=require_tenant().id).first()
    if row is None:
        raise NotFound(_("No identity provider is connected."))
    return row


def _is_another(row: IdentityProvider, url: str, client_id: str, issuer: str) -> bool:
    return (row.discovery_url, row.client_id, row.issuer) != (url, client_id, issuer)


def _require_change_allowed(
    row: IdentityProvider | None, url: str, client_id: str, client_secret: str | None
) -> None:
    is_another = row is None or (row.discovery_url, row.client_id) != (url, client_id)
    if row is not None and row.is_on and is_another:
        raise Conflict(
            _(
                "People sign in by the provider that is connected. Turn it off before you change it."
            ),
            code="provider_on",
        )
    # A secret is not sent to an address that it was not given for.
    if is_another and client_secret is None:
        raise InvalidInput.field("client_secret", _("Enter the client secret."), "required")


def _check_text(attr: str, text: str, length: int) -> None:
    if not text:
        raise InvalidInput.field(attr, _("This is needed."), "required")
    if len(text) > length:
        raise InvalidInput.field(attr, _("Use at most %d characters.") % length, "max_length")
    try:
        validate_printable(text)
    except ValidationError as error:
        raise InvalidInput.field(attr, _("Use printable characters only.")) from error


def _owners(person_ids: Sequence[uuid.UUID]) -> list[object]:
    chosen = list(dict.fromkeys(person_ids))
    if len(chosen) > MAX_BREAK_GLASS:
        raise InvalidInput.field(
            "break_glass_ids", _("Name at most %d people.") % MAX_BREAK_GLASS, "too_many"
        )
    if set(chosen) - members().owners_among(chosen):
        raise InvalidInput.field(
            "break_glass_ids", _("Only owners of the workspace can be named."), "not_an_owner"
        )
    return list(chosen)


def _require_break_glass(row: IdentityProvider) -> None:
    named: Any = row.break_glass_ids
    if not members().owners_among(named):
        raise Conflict(
            _("Name an owner who can come in without the provider, for when it does not answer."),
            code="no_break_glass",
        )


@system_connection()
@transaction.atomic
def provider_turn_off(*, actor: Actor, provider_id: uuid.UUID, reason: str) -> IdentityProvider:
    """Staff let a tenant's people sign in in other ways: nobody can by the provider, and nobody must.

    Locks the provider. Publishes accounts.identity_provider_switched. Raises PermissionDenied, NotFound,
    Conflict (it is off already), InvalidInput without a reason.
    """
    require_platform(actor)
    if not reason.strip():
        raise InvalidInput.field("reason", _("Say why."), "required")
    row = (
        IdentityProvider.objects.select_for_update()
        .filter(id=provider_id, tenant__isnull=False)
        .first()
    )
    if row is None or (tenant_id := row.tenant_id) is None:
        raise NotFound
    if not row.is_on:
        raise Conflict(_("It is off already."), code="provider_off")
    publish(
        IdentityProviderSwitched(
            provider_id=row.id,
            from_state=row.state,
            to_state=S.TESTED,
            reason=reason.strip(),
        ),
        actor=actor,
        tenant_id=row.tenant_id,
    )
    epochs.change(epochs.of_tenant(tenant_id))
    row.state = S.TESTED
    row.save(update_fields=["state", "updated_at"])
    return row
