"""The subdomain of a workspace, and which of its hosts links lead to."""

import uuid

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.common.tenancy import current_tenant
from apps.common.urls import slug_host
from apps.events.services import publish
from apps.tenants import selectors
from apps.tenants.enums import TenantStatus as S
from apps.tenants.events import PrimaryDomainChanged, TenantReaddressed
from apps.tenants.models import Domain, Tenant
from apps.tenants.permissions import MANAGE_DOMAINS
from apps.tenants.services.transitions import lock, note
from apps.tenants.slugs import slug_validate

# Besides the subdomain of the slug: domains of the tenant's own and old subdomains together, so that
# renaming again and again reserves no endless list of names.
MAX_DOMAINS = 20
SETTLED = (S.READY, S.SUSPENDED, S.ARCHIVED)


@transaction.atomic
def tenant_readdress(*, actor: Actor, tenant_id: uuid.UUID, slug: str, reason: str = "") -> Tenant:
    """Give the workspace another subdomain. The old one stays: its pages redirect until it is removed.

    Going back to an old one of its own is always possible. The schema keeps its name. Locks the tenant.
    Publishes tenants.tenant_readdressed if the slug differs. Raises PermissionDenied, NotFound,
    ReauthenticationRequired, InvalidInput (slug invalid, reserved or taken, even in a race; another tenant's
    old subdomain counts as taken), Conflict (too many domains; not set up yet, or being deleted).
    """
    authorize_domains(actor, tenant_id)
    actor.require_recent_proof()
    slug = slug_validate(slug)
    tenant = lock(tenant_id)
    if slug == tenant.slug:
        return tenant
    if tenant.status not in SETTLED:
        raise Conflict(
            _("The address of a workspace that is %s cannot be changed.")
            % S(tenant.status).label.lower(),
            code="tenant_state",
        )
    # Asked first, so that two tenants who want each other's names do not wait for each other.
    holder = selectors.tenant_by_slug(slug)
    if holder is not None and holder.id != tenant.id:
        raise _taken()
    if holder is None:
        require_room(tenant)
    old, tenant.slug = tenant.slug, slug
    # In the order of tenant_create, for the same reason.
    try:
        with transaction.atomic():
            tenant.save(update_fields=["slug", "updated_at"])
            if holder is None:
                Domain(tenant=tenant, domain=slug_host(slug), verified_at=timezone.now()).save(
                    force_insert=True
                )
    except IntegrityError as error:
        raise _taken() from error
    because = f": {reason.strip()}" if reason.strip() else ""
    note(actor, tenant, "readdressed", reason=f"{old} → {slug}{because}")
    publish(
        TenantReaddressed(tenant_id=tenant.id, old_slug=old, slug=slug),
        actor=actor,
        tenant_id=tenant.id,
    )
    return tenant


def authorize_domains(actor: Actor, tenant_id: uuid.UUID) -> None:
    """Members need the permission in that tenant, which they have entered; staff and the system may.

    Raises PermissionDenied, NotFound for another tenant.
    """
    if actor.is_platform:
        return
    authorize(actor, MANAGE_DOMAINS)
    ref = current_tenant()
    if ref is None or ref.id != tenant_id:
        raise NotFound


def require_room(tenant: Tenant) -> None:
    """Raises Conflict when the locked tenant may not have another domain. One statement."""
    others = tenant.domains.exclude(domain=slug_host(tenant.slug))
    if others.count() >= MAX_DOMAINS:
        raise Conflict(
            _(
                "A workspace has at most %d domains and old addresses besides its own. Remove one that "
                "is not needed."
            )
            % MAX_DOMAINS,
            code="too_many_domains",
        )


def primary_set(actor: Actor, tenant: Tenant, primary_host: str) -> None:
    """Let links of the locked tenant lead to a host; empty: the subdomain. Publishes if it differs."""
    if tenant.primary_host == primary_host:
        return
    old_host, tenant.primary_host = tenant.host, primary_host
    tenant.save(update_fields=["primary_host", "updated_at"])
    note(actor, tenant, "primary_changed", reason=f"{old_host} → {tenant.host}")
    publish(
        PrimaryDomainChanged(tenant_id=tenant.id, old_host=old_host, host=tenant.host),
        actor=actor,
        tenant_id=tenant.id,
    )


def _taken() -> InvalidInput:
    return InvalidInput.field("slug", _("This address is taken. Choose another."), "slug_taken")
