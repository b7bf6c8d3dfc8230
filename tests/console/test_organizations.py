"""The tree of a tenant's organizations in the console."""

import pytest
from django.test import Client

from apps.common.actors import Actor
from apps.organizations.models import Organization
from apps.organizations.services import organization_archive, organization_create, setting_set
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant
from tests.api.client import MISSING


def url(tenant: Tenant) -> str:
    return f"/console/tenants/tenant/{tenant.pk}/organizations/"


@pytest.mark.django_db
def test_staff_see_the_tree(
    console: Client, acme: Tenant, globex: Tenant, owner: Actor, root: Organization
) -> None:
    europe = organization_create(actor=owner, name="Europe <1>", parent_id=root.id)
    organization_archive(actor=owner, organization_id=europe.id)
    code = "organizations.invitation_days"
    setting_set(actor=owner, organization_id=root.id, code=code, value=3)
    assert url(acme) in console.get(f"/console/tenants/tenant/{acme.pk}/").content.decode()
    html = console.get(url(acme)).content.decode()
    for text in ("2 of 5,000", "2 of 16", "Europe &lt;1&gt;", "Archived", code):
        assert text in html, text
    assert "Europe" not in console.get(url(globex)).content.decode()
    assert console.get(url(acme).replace(str(acme.pk), MISSING)).status_code == 404


@pytest.mark.django_db
def test_a_tenant_without_a_schema_has_no_tree(console: Client, acme: Tenant) -> None:
    Tenant.objects.filter(pk=acme.pk).update(status=TenantStatus.PENDING, ready_at=None)
    assert console.get(url(acme)).status_code == 200
