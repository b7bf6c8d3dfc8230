"""`onboarding/`: the checklists over the API."""

from collections.abc import Callable

import pytest

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.onboarding.models import StepState
from apps.organizations.actors import actor_for
from apps.tenants.models import Tenant
from tests.api.client import Api
from tests.roles.support import by_key, make_key

pytestmark = pytest.mark.django_db
AllApi = Callable[..., Api]


def states(acme: Tenant) -> dict[str, str]:
    with tenant_context(acme):
        return dict(StepState.objects.values_list("step", "status"))


def test_your_checklists(api: AllApi, alice: Person) -> None:
    found = api(alice).get("onboarding/").json()["workflows"]
    assert [(one["code"], one["audience"], one["done"], one["total"]) for one in found] == [
        ("workspace", "tenant", 0, 6),
        ("welcome", "member", 1, 3),
    ]
    assert found[0]["steps"][1] == {
        "id": "workspace.invite",
        "title": "Invite people",
        "help": "They get a link by e-mail that is good for seven days.",
        "status": "blocked",
        "is_next": False,
        "is_required": False,
        "is_by_hand": False,
        "after": ["workspace.name"],
        "url": "/invitations/new/",
    }
    assert found[1]["steps"][1]["url"] == "http://localhost:8000/profile/"


def test_a_member_has_nothing_of_the_workspaces(api: AllApi, bob: Person) -> None:
    assert api(bob).get("onboarding/").json() == {"workflows": []}


def test_complete_skip_and_reopen(api: AllApi, alice: Person, acme: Tenant) -> None:
    call = api(alice)
    done = call.post("onboarding/workspace.name/complete/")
    assert (done.status_code, done.json()["done"], done.json()["percent"]) == (200, 1, 16)
    assert call.post("onboarding/workspace.name/complete/").status_code == 200
    assert call.post("onboarding/workspace.invite/skip/").json()["done"] == 2
    assert states(acme) == {"name": "done", "invite": "skipped", "address": "done"}
    assert call.post("onboarding/workspace.invite/reopen/").json()["done"] == 1
    # Another device goes on where this one was.
    assert api(alice).get("onboarding/").json()["workflows"][0]["done"] == 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("workspace.name/skip", 409, "step_required"),
        ("workspace.api_key/complete", 409, "step_not_by_hand"),
        ("welcome.address/skip", 409, "step_required"),
        ("workspace.nothing/skip", 404, "not_found"),
        ("nothing/complete", 404, "not_found"),
    ],
)
def test_what_cannot_be(
    api: AllApi, alice: Person, acme: Tenant, path: str, status: int, code: str
) -> None:
    before = states(acme)
    answer = api(alice).post(f"onboarding/{path}/")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert states(acme) == before


def test_others_may_not(api: AllApi, bob: Person, charlie: Person, acme: Tenant) -> None:
    before = states(acme)
    assert api(bob).post("onboarding/workspace.name/complete/").status_code == 403
    assert api(charlie).post("onboarding/workspace.name/complete/").status_code == 404
    assert api(None).get("onboarding/").status_code == 401
    assert states(acme) == before


def test_a_program_does_what_its_key_allows(api: AllApi, alice: Person, acme: Tenant) -> None:
    with tenant_context(acme):
        made = make_key(actor_for(alice), codes=["tenants.update_settings"])
    program = by_key(made.text, acme)
    (found,) = program.get("onboarding/").json()["workflows"]
    assert [step["id"] for step in found["steps"]] == ["workspace.name"]
    assert program.post("onboarding/workspace.name/complete/").status_code == 200
    assert program.post("onboarding/workspace.api_key/skip/").status_code == 403
    assert program.post("onboarding/welcome.profile/skip/").status_code == 404
    with tenant_context(acme):
        assert StepState.objects.get(step="name").person_id is None


def test_dismissed_and_restored(api: AllApi, alice: Person, owner: Actor) -> None:
    call = api(alice)
    for act, expected in (("dismiss", True), ("restore", False)):
        answer = call.post(f"onboarding/workflows/workspace/{act}/")
        assert (answer.status_code, answer.json()["is_dismissed"]) == (200, expected)
    assert call.post("onboarding/workflows/nothing/dismiss/").status_code == 404
