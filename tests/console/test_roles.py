"""Roles of tenants, and the registry of permissions, in the console."""

from django.test import Client

from apps.accounts.models import Person
from apps.common.access import permissions
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.roles.models import Role
from apps.roles.services import role_create
from apps.tenants.models import Tenant
from tests.api.client import MISSING, statements
from tests.console.conftest import tenant_rows


def url(tenant: Tenant) -> str:
    return f"/console/tenants/tenant/{tenant.pk}/roles/"


def test_staff_see_a_tenants_roles(console: Client, acme: Tenant, alice: Person) -> None:
    with tenant_context(acme):
        owner = actor_for(alice)
        host = role_create(
            actor=owner, name="Host <1>", permission_codes=["organizations.invite_member"]
        )
        role_create(actor=owner, name="Lead", permission_codes=[], includes=[host.id])
        Role.objects.filter(id=host.id).update(
            permissions=["organizations.invite_member", "notes.gone_note"]
        )
    assert url(acme) in console.get(f"/console/tenants/tenant/{acme.pk}/").content.decode()
    html = console.get(url(acme)).content.decode()
    assert "Host &lt;1&gt;" in html
    assert '<code class="c-code">lead</code>' in html
    assert "organizations.invite_member, organizations.view_organization" in html
    assert "notes.gone_note" in html
    assert "Everything" in html


def test_it_costs_the_same_for_more_roles(console: Client, acme: Tenant, alice: Person) -> None:
    with tenant_context(acme):
        owner = actor_for(alice)
        for number in range(20):
            role_create(actor=owner, name=f"Role {number}", permission_codes=[])
    with statements(10):
        assert console.get(url(acme)).status_code == 200


def test_another_tenants_roles_are_not_shown(
    console: Client, acme: Tenant, globex: Tenant, alice: Person
) -> None:
    with tenant_context(acme):
        role_create(actor=actor_for(alice), name="Host", permission_codes=[])
    assert "Host" not in console.get(url(globex)).content.decode()


def test_tenants_without_a_schema(console: Client, alice: Person) -> None:
    (row,) = tenant_rows(1, alice)
    assert "no roles (yet)" in console.get(url(row)).content.decode()
    assert console.get(f"/console/tenants/tenant/{MISSING}/roles/").status_code == 404


def test_the_registry(console: Client, outsider: Client, anonymous: Client) -> None:
    html = console.get("/console/permissions/").content.decode()
    for code in permissions():
        assert code in html
    assert "Dangerous, At an organization, For API keys" in html
    assert "Billing administrator" in html
    assert outsider.get("/console/permissions/").status_code == 404
    assert anonymous.get("/console/permissions/").status_code == 302
