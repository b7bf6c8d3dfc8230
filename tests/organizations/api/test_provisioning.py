from typing import Any

import pytest

from apps.accounts.models import Person, ScimToken
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.models import Organization, RoleBinding
from apps.roles.models import Role
from tests.api.client import MISSING, same_problem, statements
from tests.conftest import World
from tests.organizations.scim.conftest import Scim, make_scim

pytestmark = pytest.mark.django_db


def test_a_token_is_made_listed_and_revoked(api: Any, alice: Person, world: World) -> None:
    caller = api(alice)
    response = caller.post("scim-tokens/", {"label": " Entra  ID ", "expires_in_days": 30})
    assert response.status_code == 201
    assert response["Cache-Control"] == "no-store"
    made = response.json()
    secret = made.pop("token")
    assert (made["label"], made["is_good"], made["hint"]) == ("Entra ID", True, secret[-4:])
    assert (made["created_by"], made["last_used_at"]) == ("alice@acme.test", None)
    assert response["Location"] == f"/api/v1/scim-tokens/{made['id']}/"
    one = caller.get(f"scim-tokens/{made['id']}/")
    assert (one.json(), one["ETag"]) == (made, response["ETag"])
    assert caller.get("scim-tokens/").json()["results"] == [made]
    assert Scim(world.acme, secret).get("Users")[0] == 200
    assert caller.delete(f"scim-tokens/{made['id']}/").status_code == 204
    assert caller.delete(f"scim-tokens/{made['id']}/").status_code == 204
    assert Scim(world.acme, secret).get("Users")[0] == 401
    assert caller.get(f"scim-tokens/{made['id']}/").json()["is_good"] is False
    events = OutboxEvent.objects.filter(name__startswith="organizations.scim_token").order_by("id")
    assert [(one.name.rpartition("_")[2], one.payload["label"]) for one in events] == [
        ("created", "Entra ID"),
        ("revoked", "Entra ID"),
    ]
    assert secret not in "".join(str(one.payload) for one in OutboxEvent.objects.all())


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"label": ""},
        {"label": "x" * 81},
        {"label": 5},
        {"label": "a\u0007b"},
        {"label": "x", "expires_in_days": 0},
        {"label": "x", "expires_in_days": 3651},
        {"label": "x", "expires_in_days": "30"},
    ],
)
def test_bad_tokens_are_refused(api: Any, alice: Person, body: Any) -> None:
    assert api(alice).post("scim-tokens/", body).status_code == 400
    assert not ScimToken.objects.exists()


def test_plain_members_may_nothing(api: Any, bob: Person, world: World) -> None:
    make_scim(world, world.acme)
    token = ScimToken.objects.get()
    caller = api(bob)
    for response in (
        caller.get("scim-tokens/"),
        caller.post("scim-tokens/", {"label": "x"}),
        caller.get(f"scim-tokens/{token.id}/"),
        caller.delete(f"scim-tokens/{token.id}/"),
        caller.get("groups/"),
        caller.get(f"groups/{MISSING}/"),
        caller.patch(f"groups/{MISSING}/", {"role_id": None, "organization_id": None}),
    ):
        assert response.status_code == 403
    token.refresh_from_db()
    assert token.is_good


def test_groups_are_listed_and_mapped(api: Any, alice: Person, world: World) -> None:
    scim = make_scim(world, world.acme)
    group = scim.group("Engineering", scim.find("bob@acme.test")["id"], externalId="g-1")
    caller = api(alice)
    (listed,) = caller.get("groups/").json()["results"]
    assert (listed["id"], listed["name"], listed["external_id"], listed["member_count"]) == (
        group["id"],
        "Engineering",
        "g-1",
        1,
    )
    path = f"groups/{group['id']}/"
    one = caller.get(path)
    assert one.json() == listed
    with tenant_context(world.acme):
        admin, root = Role.objects.get(code="admin"), Organization.objects.get(depth=1)
    body = {"role_id": str(admin.id), "organization_id": str(root.id)}
    mapped = caller.patch(path, body, headers={"If-Match": one["ETag"]})
    assert mapped.status_code == 200
    assert mapped.json()["role"]["code"] == "admin"
    assert mapped.json()["organization"]["id"] == str(root.id)
    assert caller.patch(path, body, headers={"If-Match": one["ETag"]}).status_code == 412
    with tenant_context(world.acme):
        assert RoleBinding.objects.get(group_id=group["id"]).role == admin
    for wrong in (
        {"role_id": str(admin.id), "organization_id": None},
        {"role_id": None, "organization_id": str(root.id)},
        {"role_id": MISSING, "organization_id": str(root.id)},
        {"role_id": "x", "organization_id": str(root.id)},
        {},
    ):
        assert caller.patch(path, wrong).status_code == 400
    missing = {"role_id": str(admin.id), "organization_id": MISSING}
    assert caller.patch(path, missing).status_code == 404
    cleared = caller.patch(path, {"role_id": None, "organization_id": None})
    assert (cleared.json()["role"], cleared.json()["organization"]) == (None, None)
    with tenant_context(world.acme):
        assert not RoleBinding.objects.filter(group_id=group["id"]).exists()


def test_another_tenants_answer_like_missing_ones(api: Any, alice: Person, world: World) -> None:
    theirs = make_scim(world, world.globex)
    group = theirs.group("Theirs")
    token = ScimToken.objects.get()
    caller = api(alice)
    for path, method, body in (
        ("scim-tokens/{}/", "GET", None),
        ("scim-tokens/{}/", "DELETE", None),
        ("groups/{}/", "GET", None),
        ("groups/{}/", "PATCH", {"role_id": None, "organization_id": None}),
    ):
        found = token.id if path.startswith("scim") else group["id"]
        answers = [caller(method, path.format(one), body) for one in (found, MISSING)]
        assert answers[0].status_code == 404
        same_problem(*answers)
    token.refresh_from_db()
    assert token.is_good


def test_lists_cost_the_same_for_one_and_for_many(api: Any, alice: Person, world: World) -> None:
    """Tenant, session, person, actor, membership, rows."""
    scim = make_scim(world, world.acme)
    caller = api(alice)
    for number in range(3):
        scim.group(f"Group {number}")
        make_scim(world, world.acme)
        with statements(5):
            assert len(caller.get("groups/").json()["results"]) == number + 1
        with statements(5):
            assert len(caller.get("scim-tokens/").json()["results"]) == number + 2
