"""The API of the tree's order, archive, settings, files, and of where members belong."""

from typing import Any

import pytest

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.organizations.models import Member, Organization, OrganizationSetting, Placement
from apps.organizations.services import organization_create
from apps.tenants.models import Tenant
from tests.api.client import MISSING, same_problem, statements

pytestmark = pytest.mark.django_db
DAYS = "organizations.invitation_days"


@pytest.fixture
def lisbon(owner: Actor, root: Organization) -> Organization:
    return organization_create(actor=owner, name="Lisbon", parent_id=root.id)


@pytest.fixture
def sales(owner: Actor, lisbon: Organization) -> Organization:
    return organization_create(actor=owner, name="Sales", parent_id=lisbon.id)


@pytest.fixture
def porto(owner: Actor, root: Organization, sales: Organization) -> Organization:
    return organization_create(actor=owner, name="Porto", parent_id=root.id)


def names(client: Any, **query: Any) -> list[str]:
    return [row["name"] for row in client.get("organizations/", **query).json()["results"]]


def test_reorder(api: Any, alice: Person, porto: Organization) -> None:
    client, path = api(alice), f"organizations/{porto.id}/reorder/"
    answer = client.post(path, {"position": 1})
    assert (answer.status_code, answer.json()["name"]) == (200, "Porto")
    assert names(client) == ["Acme", "Porto", "Lisbon", "Sales"]
    for wrong in (0, -1, "x", None, 10**18):
        assert client.post(path, {"position": wrong}).status_code == 400
    assert names(client) == ["Acme", "Porto", "Lisbon", "Sales"]


def test_archive_and_restore(
    api: Any, alice: Person, lisbon: Organization, porto: Organization, sales: Organization
) -> None:
    client, path = api(alice), f"organizations/{lisbon.id}/"
    archived = client.post(f"{path}archive/").json()
    assert archived["archived_at"] is not None
    assert names(client) == ["Acme", "Porto"]
    assert names(client, archived="only") == ["Lisbon", "Sales"]
    assert names(client, archived="include") == ["Acme", "Lisbon", "Sales", "Porto"]
    assert client.get("organizations/", archived="maybe").status_code == 400
    refused = client.post("organizations/", {"name": "X", "parent": sales.id})
    assert (refused.status_code, refused.json()["code"]) == (409, "organization_archived")
    refused = client.post(f"organizations/{sales.id}/restore/")
    assert (refused.status_code, refused.json()["code"]) == (409, "parent_archived")
    assert client.post(f"{path}restore/").json()["archived_at"] is None
    assert names(client) == ["Acme", "Lisbon", "Sales", "Porto"]


def test_list_filters(api: Any, bob: Person, porto: Organization, root: Organization) -> None:
    client = api(bob)
    assert names(client, parent=root.id) == ["Lisbon", "Porto"]
    assert names(client, q="LIS") == ["Lisbon"]
    with statements(6):
        names(client, parent=root.id, archived="include")


def test_settings(api: Any, alice: Person, root: Organization, lisbon: Organization) -> None:
    client, path = api(alice), f"organizations/{lisbon.id}/settings/"
    assert client.put(f"organizations/{root.id}/settings/{DAYS}/", {"value": 3}).status_code == 200
    (days,) = [row for row in client.get(path).json()["results"] if row["code"] == DAYS]
    assert (days["value"], days["source"]) == (3, "inherited")
    assert days["organization"] == {"id": str(root.id), "name": "Acme"}
    own = client.put(f"{path}{DAYS}/", {"value": 2}).json()
    assert (own["value"], own["source"]) == (2, "own")
    assert client.delete(f"{path}{DAYS}/").status_code == 204
    assert client.delete(f"{path}{DAYS}/").status_code == 204
    for body in ({"value": 0}, {"value": "x"}, {"value": None}, {}, {"value": [[]]}):
        assert client.put(f"{path}{DAYS}/", body).status_code == 400, body
    assert client.put(f"{path}no.such/", {"value": 1}).status_code == 404
    assert [row.value for row in OrganizationSetting.objects.all()] == [3]


def test_members_belong_to_several(
    api: Any, alice: Person, bob_member: Member, lisbon: Organization, root: Organization
) -> None:
    client = api(alice)
    path = f"members/{bob_member.id}/organizations/{lisbon.id}/"
    brief = {"id": str(lisbon.id), "name": "Lisbon"}
    assert client.put(path, {}).json()["further_organizations"] == [brief]
    listed = client.get("members/", organization=lisbon.id).json()["results"]
    assert [row["name"] for row in listed] == ["Bob Baker"]
    primary = client.put(path, {"primary": True}).json()
    assert primary["organization"] == brief
    assert [one["name"] for one in primary["further_organizations"]] == ["Acme"]
    refused = client.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "primary_organization")
    assert client.delete(f"members/{bob_member.id}/organizations/{root.id}/").status_code == 204
    assert client.get(f"members/{bob_member.id}/").json()["further_organizations"] == []
    assert client.put(path, {"primary": "yes"}).status_code == 400


def test_export_and_import(api: Any, alice: Person, porto: Organization) -> None:
    client = api(alice)
    response = client("GET", "organizations/export/", headers={"Accept": "text/csv"})
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="organizations.csv"'
    text = b"".join(response.streaming_content).decode()
    assert text == "path,archived\r\nLisbon,no\r\nLisbon / Sales,no\r\nPorto,no\r\n"
    csv = {"content_type": "text/csv"}
    more = f"{text}Porto / Team,no\r\n".encode()
    dry = client("POST", "organizations/import/", more, query_params={"dry_run": "true"}, **csv)
    assert [dry.json()[name] for name in ("created", "kept", "wrong")] == [1, 3, 0]
    assert len(names(client)) == 4
    assert client("POST", "organizations/import/", more, **csv).json()["created"] == 1
    assert names(client) == ["Acme", "Lisbon", "Sales", "Porto", "Team"]
    wrong = client("POST", "organizations/import/", b"path\nNew\nX / Y", **csv)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "lines_wrong")
    assert [(one["attr"], one["code"]) for one in wrong.json()["errors"]] == [
        ("line 3", "parent_unknown")
    ]
    assert client("POST", "organizations/import/", b"", **csv).status_code == 400
    assert client.post("organizations/import/", {"x": 1}).status_code == 415
    assert len(names(client)) == 5


def test_a_member_changes_nothing(
    api: Any, bob: Person, bob_member: Member, lisbon: Organization, porto: Organization
) -> None:
    client, path = api(bob), f"organizations/{lisbon.id}/"
    before = names(client)
    assert client.post(f"{path}reorder/", {"position": 2}).status_code == 403
    assert client.post(f"{path}archive/").status_code == 403
    assert client.post(f"{path}restore/").status_code == 403
    assert client.get(f"{path}settings/").status_code == 200
    assert client.put(f"{path}settings/{DAYS}/", {"value": 1}).status_code == 403
    assert client.delete(f"{path}settings/{DAYS}/").status_code == 403
    place = f"members/{bob_member.id}/organizations/{lisbon.id}/"
    assert client.put(place, {}).status_code == 403
    assert client.delete(place).status_code == 403
    file = client("POST", "organizations/import/", b"path\nX", content_type="text/csv")
    assert file.status_code == 403
    assert names(client) == before
    assert not OrganizationSetting.objects.exists()
    assert not Placement.objects.exists()


def test_foreign_organizations_are_missing(
    api: Any, alice: Person, globex: Tenant, bob_member: Member
) -> None:
    with tenant_context(globex):
        foreign = Organization.objects.get()
    client = api(alice)
    for method, path, body in (
        ("POST", "organizations/{}/reorder/", {"position": 1}),
        ("POST", "organizations/{}/archive/", None),
        ("POST", "organizations/{}/restore/", None),
        ("GET", "organizations/{}/settings/", None),
        ("PUT", f"organizations/{{}}/settings/{DAYS}/", {"value": 1}),
        ("DELETE", f"organizations/{{}}/settings/{DAYS}/", None),
        ("PUT", f"members/{bob_member.id}/organizations/{{}}/", {}),
        ("DELETE", f"members/{bob_member.id}/organizations/{{}}/", None),
    ):
        there = client(method, path.format(foreign.id), body)
        assert there.status_code == 404, path
        same_problem(there, client(method, path.format(MISSING), body))
    with tenant_context(globex):
        assert not Organization.objects.exclude(archived_at=None).exists()
        assert not OrganizationSetting.objects.exists()
