"""Who holds what in a tenant, its groups and its tree: staff see them, and help."""

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations import services
from apps.organizations.models import Group, Member, Organization, RoleBinding
from apps.roles.models import Role
from apps.tenants.models import Tenant, TenantEvent
from tests.api.client import MISSING, statements
from tests.console.conftest import messages_of, tenant_rows


def url(tenant: Tenant, last: str) -> str:
    return f"/console/tenants/tenant/{tenant.pk}/{last}/"


@pytest.fixture
def group(owner: Actor, bob_member: Member, root: Organization) -> Group:
    made = services.local_group_create(actor=owner, name="Leads <1>")
    services.binding_create(
        actor=owner,
        group_id=made.id,
        role_id=Role.objects.get(code="auditor").id,
        organization_id=root.id,
    )
    return made


def test_staff_see_who_holds_what(
    console: Client, acme: Tenant, globex: Tenant, group: Group
) -> None:
    for last in ("organizations", "bindings", "groups", "roles", "api-keys"):
        assert (
            url(acme, last) in console.get(f"/console/tenants/tenant/{acme.pk}/").content.decode()
        )
    html = console.get(url(acme, "bindings")).content.decode()
    for text in ("alice@acme.test", "bob@acme.test", "Group Leads &lt;1&gt;", "Whole workspace"):
        assert text in html, text
    found = console.get(url(acme, "bindings"), {"q": "leads"}).content.decode()
    assert "Group Leads" in found
    assert "bob@acme.test" not in found
    assert 'value="leads"' in found
    assert (
        "Nobody holds such a role"
        in console.get(url(acme, "bindings"), {"q": "nobody"}).content.decode()
    )
    foreign = console.get(url(globex, "bindings")).content.decode()
    assert "charlie@globex.test" in foreign
    assert "alice@acme.test" not in foreign


def test_staff_see_groups(console: Client, acme: Tenant, globex: Tenant, group: Group) -> None:
    with tenant_context(acme):
        Group.objects.create(display_name="Theirs")
    html = console.get(url(acme, "groups")).content.decode()
    for text in ("Leads &lt;1&gt;", "Auditor at Acme", "The workspace", "Its identity provider"):
        assert text in html, text
    assert html.count("delete_group/?named=") == 1
    found = console.get(url(acme, "groups"), {"q": "theirs"}).content.decode()
    assert "Leads" not in found
    assert "The tenant has no groups" in console.get(url(globex, "groups")).content.decode()


def test_it_costs_the_same_for_more(
    console: Client, acme: Tenant, owner: Actor, root: Organization, group: Group
) -> None:
    role = Role.objects.get(code="auditor")
    for number in range(10):
        made = services.local_group_create(actor=owner, name=f"Group {number}")
        services.binding_create(
            actor=owner, group_id=made.id, role_id=role.id, organization_id=root.id
        )
    for last in ("bindings", "groups", "organizations"):
        with statements(14):
            assert console.get(url(acme, last)).status_code == 200


def test_a_row_leads_to_the_act_that_says_what_it_is_about(
    console: Client, acme: Tenant, group: Group, bob_member: Member
) -> None:
    binding = RoleBinding.objects.get(member=bob_member)
    link = f"{url(acme, 'revoke_role')}?named={binding.pk}"
    assert link in console.get(url(acme, "bindings")).content.decode()
    html = console.get(link).content.decode()
    assert f'value="{binding.pk}"' in html
    assert "Member of bob@acme.test at Acme" in html
    assert "the group Leads &lt;1&gt;" in (
        console.get(f"{url(acme, 'revoke_role')}?named={group.bindings.get().pk}").content.decode()
    )
    # Nothing happens by looking.
    assert RoleBinding.objects.filter(pk=binding.pk).exists()


def test_staff_take_a_role(console: Client, acme: Tenant, bob_member: Member) -> None:
    binding = RoleBinding.objects.get(member=bob_member)
    act = url(acme, "revoke_role")
    refused = console.post(act, {"named": str(binding.pk), "reason": ""})
    assert refused.status_code == 200
    assert "Say why" in refused.content.decode()
    assert RoleBinding.objects.filter(pk=binding.pk).exists()
    done = console.post(act, {"named": str(binding.pk), "reason": "Left"})
    assert (done.status_code, done["Location"]) == (302, url(acme, "bindings"))
    assert messages_of(done) == ["The role is taken away."]
    assert not RoleBinding.objects.filter(pk=binding.pk).exists()
    event = OutboxEvent.objects.latest("position")
    assert event.name == "organizations.role_binding_changed"
    assert (event.actor_kind, event.actor_label) == ("staff", "staff@platform.test")
    assert TenantEvent.objects.latest("created_at").reason.endswith(": Left")


def test_the_last_owner_is_kept(console: Client, acme: Tenant, alice_member: Member) -> None:
    binding = RoleBinding.objects.get(member=alice_member)
    response = console.post(url(acme, "revoke_role"), {"named": str(binding.pk), "reason": "Asked"})
    assert "last owner" in messages_of(response)[-1]
    assert RoleBinding.objects.filter(pk=binding.pk).exists()


def test_staff_archive_and_restore(
    console: Client, acme: Tenant, owner: Actor, root: Organization
) -> None:
    north = services.organization_create(actor=owner, name="North", parent_id=root.id)
    html = console.get(url(acme, "organizations")).content.decode()
    assert f"archive_organization/?named={north.pk}" in html
    assert f"named={root.pk}" not in html
    done = console.post(url(acme, "archive_organization"), {"named": "north", "reason": "Closed"})
    assert messages_of(done) == ["The organization is archived."]
    north.refresh_from_db()
    assert north.is_archived
    html = console.get(url(acme, "organizations")).content.decode()
    assert f"restore_organization/?named={north.pk}" in html
    console.post(url(acme, "restore_organization"), {"named": str(north.pk), "reason": "Open"})
    north.refresh_from_db()
    assert not north.is_archived


def test_staff_delete_a_group(console: Client, acme: Tenant, group: Group) -> None:
    done = console.post(url(acme, "delete_group"), {"named": "leads <1>", "reason": "Mistake"})
    assert messages_of(done) == ["The group is deleted."]
    assert not Group.objects.filter(pk=group.pk).exists()


def test_what_is_not_there_or_anothers(
    console: Client, acme: Tenant, globex: Tenant, owner: Actor, root: Organization, group: Group
) -> None:
    for name in ("North", "South"):
        parent = services.organization_create(actor=owner, name=name, parent_id=root.id)
        services.organization_create(actor=owner, name="Sales", parent_id=parent.id)
    binding = RoleBinding.objects.earliest("pk")
    for tenant, act, named in (
        (globex, "revoke_role", str(binding.pk)),
        (globex, "delete_group", str(group.pk)),
        (globex, "archive_organization", str(root.pk)),
        (acme, "revoke_role", "Member"),
        (acme, "revoke_role", MISSING),
        (acme, "archive_organization", "Sales"),
        (acme, "delete_group", ""),
    ):
        response = console.post(url(tenant, act), {"named": named, "reason": "Asked"})
        assert response.status_code == 200, act
        assert "c-error" in response.content.decode(), act
    assert RoleBinding.objects.filter(pk=binding.pk).exists()
    assert Group.objects.filter(pk=group.pk).exists()
    assert not Organization.objects.filter(archived_at__isnull=False).exists()


def test_tenants_without_a_schema(console: Client, alice: Person) -> None:
    (row,) = tenant_rows(1, alice)
    for last in ("organizations", "bindings", "groups"):
        html = console.get(url(row, last)).content.decode()
        assert "c-table" not in html
        assert console.get(url(row, last).replace(str(row.pk), MISSING)).status_code == 404
    response = console.post(url(row, "revoke_role"), {"named": MISSING, "reason": "x"})
    assert "is not possible" in messages_of(response)[-1]
