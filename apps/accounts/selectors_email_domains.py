"""Reads of e-mail domains, and the question they are for: is this address one of the tenant's?"""

import uuid
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from apps.accounts.enums import JoinMode
from apps.accounts.models import EmailDomain, Person, TenantMembership
from apps.accounts.selectors import is_email_verified
from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import InvalidInput, NotFound
from apps.common.tenancy import HasRef, TenantRef, current_tenant, tenant_context
from apps.tenants.enums import TenantStatus as S
from apps.tenants.hosts import domain_normalize
from apps.tenants.permissions import VIEW_SETTINGS

RECHECK_AFTER = timedelta(hours=24)


def email_domains_for(actor: Actor) -> QuerySet[EmailDomain]:
    """E-mail domains of the current tenant, oldest first. Raises PermissionDenied."""
    authorize(actor, VIEW_SETTINGS)
    ref = current_tenant()
    found = EmailDomain.objects.order_by("id")
    return found.filter(tenant_id=ref.id) if ref else found.none()


def email_domain_for(actor: Actor, email_domain_id: uuid.UUID) -> EmailDomain:
    """One of the current tenant's e-mail domains. Raises PermissionDenied, NotFound."""
    found = email_domains_for(actor).filter(id=email_domain_id).first()
    if found is None:
        raise NotFound
    return found


def email_domain_of(tenant: TenantRef | HasRef, email: str) -> EmailDomain | None:
    """The tenant's verified domain that the address is within; None: the tenant does not speak for it.

    Exactly that domain: those below it count where they are verified themselves. One statement, which
    sees this tenant's rows only, so that it can be asked on any host. Whoever lets people in by it looks
    at its `state` and `join_mode` too.
    """
    name = domain_part(email)
    if name is None:
        return None
    ref = tenant if isinstance(tenant, TenantRef) else tenant.ref
    with tenant_context(ref):
        return EmailDomain.objects.filter(
            tenant_id=ref.id, domain=name, verified_at__isnull=False
        ).first()


@system_connection()
def email_domain_open_to(person: Person) -> EmailDomain | None:
    """The domain by which the person may join a tenant that they are no member of, with its tenant.

    A domain is verified for one tenant at a time, so there is one at most. Nothing for an address that is
    not verified, while joining is off, or where the tenant takes nobody in. Two statements.
    """
    name = domain_part(person.email)
    if name is None or not person.is_active:
        return None
    joined = TenantMembership.objects.filter(person_id=person.id, tenant_id=OuterRef("tenant_id"))
    found = (
        EmailDomain.objects.select_related("tenant")
        .filter(~Exists(joined), domain=name, verified_at__isnull=False)
        .filter(proof_missing_since__isnull=True)
        .filter(tenant__status=S.READY, tenant__maintenance_since__isnull=True)
        .exclude(join_mode=JoinMode.OFF)
        .first()
    )
    return found if found is not None and is_email_verified(person) else None


def domain_part(email: str) -> str | None:
    """What follows the last @, as domains are stored: lower case and ASCII. None where that is no domain."""
    local, _at, name = email.rpartition("@")
    try:
        return domain_normalize(name) if local else None
    except InvalidInput:
        return None


def email_domains_to_recheck() -> QuerySet[EmailDomain]:
    """Verified domains of open tenants, proven by a record that was last looked for a day ago or more."""
    due = timezone.now() - RECHECK_AFTER
    return (
        EmailDomain.objects.filter(
            Q(checked_at__isnull=True) | Q(checked_at__lte=due),
            verified_at__isnull=False,
            tenant__status=S.READY,
        )
        .exclude(token="")
        .order_by("checked_at", "id")
    )
