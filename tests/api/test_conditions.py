"""If-Match with what takes away: what has changed since it was looked at stays."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import Person
from apps.organizations.models import Member, Organization, RoleBinding
from apps.roles.models import Role
from tests.api.client import Api

pytestmark = pytest.mark.django_db
READ = ["organizations.view_member"]


@pytest.fixture
def paths(
    api: Any, alice: Person, bob_member: Member, root: Organization
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Of each kind: an object, and a change of it."""
    client: Api = api(alice)
    group = client.post("groups/", {"name": "x"}).json()["id"]
    role = client.post("roles/", {"name": "x", "permissions": READ}).json()["id"]
    branch = client.post("organizations/", {"name": "x", "parent": str(root.id)}).json()["id"]
    binding = RoleBinding.objects.get(member=bob_member).id
    auditor = Role.objects.get(code="auditor")
    held = client.post(
        "role-bindings/",
        {
            "member_id": str(bob_member.id),
            "role_id": str(auditor.id),
            "organization_id": str(root.id),
        },
    ).json()["id"]
    assert binding != held
    return {
        "groups": (f"groups/{group}/", {"name": "y"}),
        "roles": (f"roles/{role}/", {"name": "y"}),
        "organizations": (f"organizations/{branch}/", {"name": "y"}),
        "members": (f"members/{bob_member.id}/", {"status": "deactivated"}),
        "role-bindings": (
            f"role-bindings/{held}/",
            {"ends_at": timezone.now() + timedelta(days=7)},
        ),
    }


@pytest.mark.parametrize("kind", ["groups", "roles", "organizations", "members", "role-bindings"])
def test_delete_only_what_one_has_seen(api: Any, alice: Person, paths: Any, kind: str) -> None:
    client: Api = api(alice)
    path, change = paths[kind]
    seen = client.get(path)["ETag"]
    changed = client.patch(path, change, headers={"If-Match": seen})
    assert changed.status_code == 200
    for refused in (
        client.delete(path, headers={"If-Match": seen}),
        client.patch(path, change, headers={"If-Match": seen}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    now = client.get(path)
    assert now["ETag"] == changed["ETag"]
    assert client.delete(path, headers={"If-Match": now["ETag"]}).status_code == 204
    assert client.get(path).status_code == 404
