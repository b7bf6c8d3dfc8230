"""SQL statements a request, counted at the database driver, with few and with many tenants."""

from collections.abc import Callable

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Person
from apps.common.tenancy import tenant_context
from apps.organizations.models import Member, Organization
from apps.tenants.selectors import tenant_by_slug
from benchmarks.world import figure, fill_up_to, person

HOST = "acme.localhost:8000"
API_LISTS = (
    "members",
    "invitations",
    "organizations",
    "roles",
    "role-bindings",
    "permissions",
)
PAGES = ("/", "/members/", "/invitations/", "/organizations/", "/roles/", "/settings/")


def run(tenants: int) -> None:
    counts: dict[str, list[int]] = {}
    for tenant_count, members in ((2, 2), (tenants, 2), (tenants, 100)):
        fill_up_to(tenant_count)
        _members_up_to(members)
        for path, get in _requests().items():
            counts.setdefault(path, []).append(_count(get))
    for path, (few, many, rows) in counts.items():
        figure(
            f"statements, {path}",
            f"{few} / {many} / {rows}",
            f"2 / {tenants} tenants / 100 members",
        )


def _requests() -> dict[str, Callable[[], object]]:
    api = Client(HTTP_HOST=HOST)
    answer = api.post(
        "/api/v1/auth/token/",
        {"email": "alice@acme.test", "password": "wrapper-demo"},
        content_type="application/json",
    )
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {answer.json()['access']}"}
    browser = Client(HTTP_HOST=HOST)
    _sign_in(browser, Person.objects.get(email="alice@acme.test"))
    requests: dict[str, Callable[[], object]] = {}
    for name in API_LISTS:
        requests[f"GET /api/v1/{name}/"] = lambda n=name: api.get(f"/api/v1/{n}/", **bearer)
    for path in PAGES:
        requests[f"GET {path}"] = lambda p=path: browser.get(p)
    return requests


def _sign_in(browser: Client, someone: Person) -> None:
    """A session of acme's host, as the handoff makes it."""
    from apps.accounts.handoff import HOST_KEY

    tenant = tenant_by_slug("acme")
    assert tenant is not None
    browser.force_login(someone)
    session = browser.session
    session[HOST_KEY] = str(tenant.id)
    session.save()


def _count(get: Callable[[], object]) -> int:
    """Statements of one warm request; the tenant's context travels in the first."""
    get()
    with CaptureQueriesContext(connection) as captured:
        answer = get()
    if answer.status_code != 200:  # type: ignore[attr-defined]
        raise RuntimeError(f"{answer} instead of 200")
    return len(captured.captured_queries)


def _members_up_to(count: int) -> None:
    acme = tenant_by_slug("acme")
    assert acme is not None
    with tenant_context(acme):
        root = Organization.objects.get(depth=1)
        for number in range(Member.objects.count(), count):
            someone = person(f"member-{number}@acme.test")
            Member.objects.create(
                person_id=someone.id, email=someone.email, name=someone.name, organization=root
            )
