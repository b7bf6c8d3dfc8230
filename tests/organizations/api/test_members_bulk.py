"""`members/bulk/`: the same change of many, each judged by itself."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import Person
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.models import Member, Organization
from apps.tenants.models import Tenant
from tests.api.client import MISSING, Api

pytestmark = pytest.mark.django_db
CHANGED = "organizations.member_status_changed"


@pytest.fixture
def client(api: Callable[..., Api], alice: Person) -> Api:
    return api(alice)


def codes(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [one["code"] for one in response.json()["results"]]


def test_who_may_be_is_changed_and_the_others_say_why(
    client: Api, acme: Tenant, alice_member: Member, bob_member: Member
) -> None:
    ids = [str(alice_member.id), str(bob_member.id), MISSING]
    done = client.post("members/bulk/", {"member_ids": ids, "status": "deactivated"})
    assert codes(done) == ["last_owner", "", "not_found"]
    assert (done.json()["right"], done.json()["wrong"]) == (1, 2)
    assert [one["member_id"] for one in done.json()["results"]] == ids
    bob_member.refresh_from_db()
    alice_member.refresh_from_db()
    assert (alice_member.status, bob_member.status) == ("active", "deactivated")
    again = client.post("members/bulk/", {"member_ids": ids[1:2], "status": "deactivated"})
    assert codes(again) == [""]
    assert OutboxEvent.objects.filter(name=CHANGED, tenant_id=acme.id).count() == 1


def test_both_changes_of_a_member_or_none(
    client: Api, acme: Tenant, bob_member: Member, root: Organization
) -> None:
    body = {"member_ids": [str(bob_member.id)], "status": "deactivated", "organization_id": MISSING}
    assert codes(client.post("members/bulk/", body)) == ["not_found"]
    bob_member.refresh_from_db()
    assert bob_member.status == "active"


@pytest.mark.parametrize(
    "body",
    [
        {"member_ids": [], "status": "active"},
        {"member_ids": [MISSING, MISSING], "status": "active"},
        {"member_ids": [MISSING] * 101, "status": "active"},
        {"member_ids": [MISSING]},
        {"member_ids": [MISSING], "status": "removed"},
        {"member_ids": ["x"], "status": "active"},
    ],
)
def test_what_is_refused_as_a_whole(client: Api, body: Any) -> None:
    assert client.post("members/bulk/", body).status_code == 400


def test_who_may_not(api: Callable[..., Api], bob: Person, charlie: Person, alice: Person) -> None:
    body = {"member_ids": [MISSING], "status": "active"}
    assert api(bob).post("members/bulk/", body).status_code == 403
    assert api(charlie).post("members/bulk/", body).status_code == 404


def test_another_workspaces_member_is_not_there(
    api: Callable[..., Api], client: Api, globex: Tenant, charlie: Person
) -> None:
    with tenant_context(globex):
        foreign = Member.objects.get(person_id=charlie.id)
    answer = client.post(
        "members/bulk/", {"member_ids": [str(foreign.id)], "status": "deactivated"}
    )
    assert codes(answer) == ["not_found"]
    with tenant_context(globex):
        assert Member.objects.get(id=foreign.id).status == "active"
