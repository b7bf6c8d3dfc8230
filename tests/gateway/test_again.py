"""Lists that Python writes, read once more without Django's way to them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.tenancy import require_tenant, tenant_context
from apps.organizations.models import Group, Member, Organization, RoleBinding
from apps.organizations.services import binding_create, binding_delete
from apps.roles.models import Role
from apps.roles.services import api_key_create, role_create, role_update
from apps.tenants.models import Tenant
from apps.tenants.services import domain_add
from tests.accounts.support import host
from tests.gateway.conftest import Process

pytestmark = pytest.mark.django_db

SYSTEM = Actor.system("tests")


def create_role() -> None:
    role_create(actor=SYSTEM, name="Other", permission_codes=["roles.view_role"])


def create_key() -> None:
    api_key_create(actor=SYSTEM, name="Robot", permission_codes=["organizations.view_member"])


def create_group() -> None:
    Group.objects.create(display_name="Crew", is_local=True)


def add_domain() -> None:
    domain_add(actor=SYSTEM, tenant_id=require_tenant().id, domain="members.acme.example")


@pytest.fixture
def commit(django_capture_on_commit_callbacks: Any) -> Callable[[], Any]:
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("/api/v1/roles/", create_role),
        ("/api/v1/api-keys/", create_key),
        ("/api/v1/groups/", create_group),
        ("/api/v1/tenant/domains/", add_domain),
    ],
)
def test_it_says_what_django_says_of_now(
    process: Process, token: Any, acme: Tenant, alice: Person, commit: Any, path: str, change: Any
) -> None:
    access = token(alice)
    before = [process.get(host(acme), access, path) for _ in range(4)]
    assert [one.by_gateway for one in before] == [False, False, True, True]
    with commit(), tenant_context(acme), transaction.atomic():
        change()
    wanted = process.without_gateway(host(acme), access, path).data
    assert len(wanted["results"]) == len(before[0].data["results"]) + 1
    # A change of what roles allow makes Django answer first.
    after = [process.get(host(acme), access, path) for _ in range(4)]
    assert [one.data for one in after] == [wanted] * 4
    assert after[-1].by_gateway


def test_the_next_page_is_the_next_page(
    process: Process, token: Any, acme: Tenant, alice: Person, commit: Any
) -> None:
    access = token(alice)
    codes, query = [], "page_size=2"
    for _ in range(20):
        answers = [process.get(host(acme), access, "/api/v1/roles/", query) for _ in range(4)]
        assert len({answer.body for answer in answers}) == 1
        assert answers[-1].by_gateway
        codes += [role["code"] for role in answers[-1].data["results"]]
        following = answers[-1].data["next"]
        if following is None:
            break
        query = following.partition("?")[2]
    with tenant_context(acme):
        assert codes == list(Role.objects.order_by("id").values_list("code", flat=True))


def test_who_may_not_see_it_any_more_does_not(
    process: Process, token: Any, acme: Tenant, bob: Person, commit: Any
) -> None:
    with commit(), tenant_context(acme):
        role = role_create(actor=SYSTEM, name="Seer", permission_codes=["roles.view_role"])
        for binding in RoleBinding.objects.filter(member__person_id=bob.id):
            binding_delete(actor=SYSTEM, binding_id=binding.id)
        binding_create(
            actor=SYSTEM,
            member_id=Member.objects.get(person_id=bob.id).id,
            role_id=role.id,
            organization_id=Organization.objects.get(depth=1).id,
        )
    access = token(bob)
    for _ in range(4):
        answer = process.get(host(acme), access, "/api/v1/roles/")
    assert answer.by_gateway
    with commit(), tenant_context(acme):
        role_update(actor=SYSTEM, role_id=role.id, permission_codes=["organizations.view_member"])
    assert process.get(host(acme), access, "/api/v1/roles/").status == 403
