"""At most 6 statements a page besides the tenant's context, and no more with more rows."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Person
from apps.common import caching
from apps.common.actors import Actor
from apps.organizations.models import Invitation, Member, Organization
from apps.portal.surveys import PAGES as PAGES_OF_QUESTIONS
from apps.roles.models import Role
from apps.roles.services import role_create
from apps.tenants.models import Tenant
from tests.conftest import make_person
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.django_db

PAGES = (
    "/",
    "/onboarding/",
    "/onboarding/?step=workspace.plan",
    "/members/",
    "/members/?q=a&status=active&role=member",
    "/members/?organization=01890000-0000-7000-8000-000000000000",
    "/invitations/",
    "/invitations/new/",
    "/invitations/requests/",
    "/invitations/import/",
    "/groups/",
    "/groups/new/",
    "/organizations/",
    "/organizations/new/",
    "/roles/",
    "/roles/?q=a",
    "/roles/new/",
    "/roles/matrix/",
    "/roles/compare/",
    "/api-keys/",
    "/api-keys/new/",
    "/plan/",
    "/plan/compare/",
    "/plan/contacts/",
    "/credits/budgets/",
    "/credits/spending-caps/",
    "/credits/",
    "/credits/usage/",
    "/credits/usage/?by=member&range=90",
    "/credits/grants/",
    "/credits/statement/",
    "/credits/rates/",
    "/credits/buy/",
    "/credits/auto-top-up/",
    "/notifications/devices/",
    "/settings/",
    "/settings/api-usage/",
    "/settings/export/",
    "/settings/addresses/",
    "/settings/addresses/change/",
    "/settings/email-domains/",
    "/settings/sign-in/",
    "/settings/notifications/templates/",
    "/settings/notifications/templates/organizations.member_joined/de/",
    "/settings/notifications/webhook/",
    "/notifications/phone/",
    "/settings/notifications/",
    "/settings/notifications/log/",
    "/settings/notifications/log/?member=bob@acme.test&state=sent",
    "/notifications/preferences/",
    "/switcher/",
    "/palette.json",
    "/palette.json?q=pe",
)
FRAME = re.compile(r"SAVEPOINT|^(BEGIN|COMMIT)")
BUDGET = 6
# What a workspace has is read once, and remembered. The dashboard's checklists and surveys too, if caches are
# on, as they are for it.
COLD = {"/plan/": 1, "/notifications/preferences/": 1, "/": 2}
# Of every page; it is remembered where caches are on.
BELL = re.compile(r"SELECT COUNT.*notifications_inboxitem", re.DOTALL)


def statements(client, path: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path).status_code == 200
    found = [q["sql"] for q in captured if not FRAME.search(q["sql"])]
    return [sql for sql in found if not BELL.search(sql)]


@pytest.fixture
def many(in_acme: None, root: Organization, alice_member: Member) -> None:
    """30 more members and 30 invitations."""
    for number in range(30):
        person = make_person(f"Person {number}", f"person{number}@acme.test")
        member = Member.objects.create(
            person_id=person.id, email=person.email, name=person.name, organization=root
        )
        Invitation.objects.create(
            email=f"new{number}@acme.test",
            organization=root,
            role_ids=[],
            invited_by=alice_member,
            expires_at="2100-01-01T00:00Z",
        )
        assert member.pk


@pytest.fixture
def caches_by_page(request: pytest.FixtureRequest, settings: Any) -> Iterator[None]:
    settings.CACHE_READS = request.getfixturevalue("path") == "/"
    # It is known which pages have questions of their own.
    PAGES_OF_QUESTIONS.names()
    yield
    for key in caching.redis_client().scan_iter("cache:*"):
        caching.redis_client().delete(key)


@pytest.mark.parametrize("path", PAGES)
def test_budget(
    path: str, sign_in: SignIn, alice: Person, acme: Tenant, many: None, caches_by_page: None
) -> None:
    client = sign_in(alice, acme)
    found = statements(client, path)
    assert len(found) <= BUDGET + COLD.get(path, 0), "\n".join(found)
    assert len(statements(client, path)) <= BUDGET


@pytest.fixture
def roles(owner: Actor, role: Callable[[str], Role]) -> list[Role]:
    """Twelve custom roles; each but the first includes the one before, or the members' role."""
    made: list[Role] = []
    for number in range(12):
        includes = [made[-1].id if number % 4 else role("member").id]
        codes = ["organizations.invite_member"]
        made.append(
            role_create(
                actor=owner, name=f"Role {number}", permission_codes=codes, includes=includes
            )
        )
    return made


@pytest.mark.parametrize(
    "path",
    [
        "/roles/",
        "/roles/matrix/",
        "/roles/compare/?a={0}&b={3}",
        "/roles/new/?copy={3}",
        "/roles/{3}/",
        "/roles/{3}/change/",
        "/roles/{3}/delete/",
    ],
)
def test_roles(path: str, sign_in: SignIn, alice: Person, acme: Tenant, roles: list[Role]) -> None:
    found = statements(sign_in(alice, acme), path.format(*(one.id for one in roles)))
    assert len(found) <= BUDGET, "\n".join(found)


def test_one_member(sign_in: SignIn, alice: Person, acme: Tenant, bob_member: Member) -> None:
    client = sign_in(alice, acme)
    for path in ("", "roles/new/", "move/", "remove/"):
        found = statements(client, f"/members/{bob_member.id}/{path}")
        # A member has roles, further organizations and groups; giving a role offers roles and organizations
        # besides; removing somebody counts each kind of thing that they own.
        more = {"": 1, "roles/new/": 1, "remove/": 2}.get(path, 0)
        assert len(found) <= BUDGET + more, "\n".join(found)


def test_the_landing_page_asks_nothing(browser, world) -> None:
    with CaptureQueriesContext(connection) as captured:
        assert browser(None).get("/").status_code == 200
    assert [q["sql"] for q in captured if not FRAME.search(q["sql"])] == []
