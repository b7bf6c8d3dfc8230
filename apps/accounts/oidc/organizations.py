"""Which tenant an organization of the platform's provider is (Kinde's `org_code`)."""

import uuid

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.accounts.events import ProviderOrganizationMapped, ProviderOrganizationUnmapped
from apps.accounts.models import IdentityProvider, Person, ProviderOrganization
from apps.accounts.oidc.client import ORG_CODE_MAX_LENGTH
from apps.accounts.oidc.config import Provider
from apps.accounts.selectors import is_member
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.events.services import publish
from apps.tenants.models import Tenant


def workspace_path(provider: Provider, org_code: str, person: Person) -> str:
    """Where somebody goes who signed in for an organization: its workspace, if they belong to it; else "".

    Two statements, none without a code.
    """
    tenant = _tenant_of(provider, org_code) if org_code else None
    if tenant is None or not is_member(person.id, tenant.id):
        return ""
    return reverse("open_workspace", args=[tenant.slug])


@system_connection()
def _tenant_of(provider: Provider, org_code: str) -> Tenant | None:
    found = (
        ProviderOrganization.objects.select_related("tenant")
        .filter(provider_id=provider.id, code=org_code)
        .first()
    )
    return found.tenant if found else None


@system_connection()
@transaction.atomic
def organization_map(*, actor: Actor, code: str, tenant_id: uuid.UUID) -> ProviderOrganization:
    """Say which tenant an organization is. Platform staff only; one that is mapped already is a Conflict.

    Publishes accounts.provider_organization_mapped. Raises PermissionDenied, NotFound, InvalidInput.
    """
    require_platform(actor)
    code = code.strip()
    if not 0 < len(code) <= ORG_CODE_MAX_LENGTH or not code.isprintable():
        raise InvalidInput.field("code", _("Enter the organization's code."), "invalid")
    provider = IdentityProvider.objects.filter(tenant=None).first()
    if provider is None or not Tenant.objects.filter(id=tenant_id).exists():
        raise NotFound(
            _("The provider is not known yet: sign in by it once. Or there is no tenant.")
        )
    mapped, is_new = ProviderOrganization.objects.get_or_create(
        provider=provider, code=code, defaults={"tenant_id": tenant_id}
    )
    if mapped.tenant_id != tenant_id:
        raise Conflict(_("This organization is another tenant."), code="organization_mapped")
    if is_new:
        publish(
            ProviderOrganizationMapped(provider_id=provider.id, code=code),
            actor=actor,
            tenant_id=tenant_id,
        )
    return mapped


@system_connection()
@transaction.atomic
def organization_unmap(*, actor: Actor, code: str) -> None:
    """Publishes accounts.provider_organization_unmapped. Raises PermissionDenied, NotFound."""
    require_platform(actor)
    mapped = (
        ProviderOrganization.objects.select_for_update()
        .filter(provider__tenant=None, code=code)
        .first()
    )
    if mapped is None:
        raise NotFound
    publish(
        ProviderOrganizationUnmapped(provider_id=mapped.provider_id, code=code),
        actor=actor,
        tenant_id=mapped.tenant_id,
    )
    mapped.delete()
