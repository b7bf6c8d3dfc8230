"""Whether somebody has to come in by the tenant's provider."""

import uuid
from collections.abc import Collection, Set
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Expression, F, Func, Subquery

from apps.accounts import token_sessions
from apps.accounts.enums import ProviderState, RevokedReason, SignInMethod, SsoRule
from apps.accounts.errors import SsoRequired
from apps.accounts.events import BreakGlassUsed
from apps.accounts.methods import has_second_factor
from apps.accounts.models import EmailDomain, IdentityProvider, Person, TenantMembership
from apps.accounts.selectors import person_actor
from apps.accounts.selectors_email_domains import domain_part
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.tenancy import HasRef, tenant_context
from apps.events.services import publish
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_id


@dataclass(frozen=True, slots=True)
class Must:
    provider_id: uuid.UUID
    rule: SsoRule


def sso_rule_of(
    person_id: uuid.UUID, email: str, *, break_glass_ids: list[Any] | None, domains: Collection[str]
) -> SsoRule:
    """The one decision: what an enforced provider asks of a person.

    email: of their account. break_glass_ids: of the provider; None: none is enforced. domains: verified.
    """
    if break_glass_ids is None or domain_part(email) not in domains:
        return SsoRule.NONE
    return SsoRule.BREAK_GLASS if person_id in break_glass_ids else SsoRule.MUST


def is_met(rule: str, methods: Set[str]) -> bool:
    """Whether a sign-in that was proved by `methods` is enough for it."""
    return (
        not rule
        or SignInMethod.SSO in methods
        or (rule == SsoRule.BREAK_GLASS and has_second_factor(methods))
    )


def require_met(rule: str, methods: Set[str]) -> None:
    """Where an actor is built, on every request. Raises SsoRequired."""
    if not is_met(rule, methods):
        raise SsoRequired


def enforced_break_glass_ids(tenant_id: uuid.UUID | Expression) -> Any:
    """A subquery, for the statement that finds a member: None where no provider is enforced."""
    found = IdentityProvider.objects.filter(tenant_id=tenant_id, state=ProviderState.ENFORCED)
    return Subquery(found.values("break_glass_ids")[:1])


def verified_domains(tenant_id: uuid.UUID | Expression) -> Any:
    """A subquery: the names of the tenant's e-mail domains."""
    return ArraySubquery(
        EmailDomain.objects.filter(tenant_id=tenant_id, verified_at__isnull=False).values("domain")
    )


def provider_on(tenant: HasRef) -> IdentityProvider | None:
    """The provider that people may sign in to the tenant by. One statement."""
    with tenant_context(tenant.ref):
        row = IdentityProvider.objects.filter(tenant_id=tenant.ref.id).first()
    return row if row is not None and row.is_on else None


def sso_must(tenant: Tenant, person: Person) -> Must | None:
    """What the tenant asks of this person; None: any sign-in will do. One statement, two where enforced."""
    row = provider_on(tenant)
    if row is None or not row.is_enforced:
        return None
    with tenant_context(tenant):
        domains = list(
            EmailDomain.objects.filter(tenant_id=tenant.id, verified_at__isnull=False).values_list(
                "domain", flat=True
            )
        )
    rule = sso_rule_of(
        person.id, person.email, break_glass_ids=row.break_glass_ids, domains=domains
    )
    return Must(row.id, rule) if rule else None


def require_no_sso(person: Person, tenant: Tenant | None) -> None:
    """For sign-ins with a password by API. tenant: None for tokens that are good for all of a person's.

    Raises SsoRequired. Two or three statements.
    """
    tenants = [tenant] if tenant is not None else _enforcing(person)
    if any(sso_must(one, person) is not None for one in tenants):
        raise SsoRequired


@system_connection()
def _enforcing(person: Person) -> list[Tenant]:
    enforced = IdentityProvider.objects.filter(state=ProviderState.ENFORCED).values("tenant_id")
    found = TenantMembership.objects.filter(person_id=person.id, tenant_id__in=enforced)
    tenants = (tenant_by_id(tenant_id) for tenant_id in found.values_list("tenant_id", flat=True))
    return [tenant for tenant in tenants if tenant is not None]


def end_other_sign_ins(actor: Actor, tenant_id: uuid.UUID) -> None:
    """End the API sign-ins of members in the tenant's domains; each was by a password.

    Those that are good for all of a person's tenants, too: they would go on in this one. Call it in the
    transaction, in the tenant. Two statements, and some for each of these people.
    """
    domains = EmailDomain.objects.filter(tenant_id=tenant_id, verified_at__isnull=False)
    names = list(domains.values_list("domain", flat=True))
    people = (
        TenantMembership.objects.filter(
            tenant_id=tenant_id, person__token_sessions__revoked_at__isnull=True
        )
        .filter(person__token_sessions__isnull=False)
        .annotate(domain=_domain("person__email"))
        .filter(domain__in=names)
        .values_list("person_id", flat=True)
        .distinct()
    )
    for person_id in people:
        token_sessions.revoke_all(
            actor=actor, person_id=person_id, reason=RevokedReason.SSO_ENFORCED
        )


def _domain(field: str) -> Func:
    """What follows the last @."""
    return Func(
        F(field), function="regexp_replace", template="%(function)s(%(expressions)s, '^.*@', '')"
    )


def break_glass_note(*, person: Person, tenant: Tenant, must: Must) -> None:
    """Publishes accounts.break_glass_used, before the person is in."""
    with tenant_context(tenant), transaction.atomic():
        publish(
            BreakGlassUsed(person_id=person.id, provider_id=must.provider_id),
            actor=person_actor(person),
            tenant_id=tenant.id,
        )
