import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.errors import PermissionDenied
from apps.tenants.models import Domain, Tenant, TenantEvent
from apps.tenants.services import tenant_mark_canary
from tests.conftest import World
from tests.console.conftest import messages_of, tenant_rows

LIST = "/console/tenants/tenant/"
Published = Callable[[], list[tuple[str, str]]]


def act_url(tenant: Tenant, act: str = "") -> str:
    return f"{LIST}{tenant.pk}/{act}/" if act else f"{LIST}{tenant.pk}/"


def slugs(client: Client, query: str) -> list[str]:
    listed = client.get(f"{LIST}?{query}").context["cl"].result_list
    return sorted(tenant.slug for tenant in listed)


def test_list_shows_owner_and_members(console: Client, world: World) -> None:
    listed = {t.slug: t for t in console.get(LIST).context["cl"].result_list}
    assert (listed["acme"].owner_email, listed["acme"].member_count) == ("alice@acme.test", 2)
    assert (listed["globex"].owner_email, listed["globex"].member_count) == (
        "charlie@globex.test",
        1,
    )


def test_the_list_takes_as_many_statements_for_thirty_as_for_three(
    console: Client, alice: Person
) -> None:
    tenant_rows(1, alice)
    assert len(console.get(LIST).context["cl"].result_list) == 3
    with CaptureQueriesContext(
        connection,
    ) as three:
        console.get(LIST)
    tenant_rows(27, alice)
    with CaptureQueriesContext(connection) as thirty:
        assert len(console.get(LIST).context["cl"].result_list) == 30
    assert len(three) == len(thirty) <= 7, "\n".join(q["sql"] for q in thirty.captured_queries)


def test_search_and_filters(console: Client, world: World, alice: Person) -> None:
    row = tenant_rows(1, alice, status="failed", ready_at=None)[0]
    Domain.objects.create(tenant=world.globex, domain="www.elsewhere.test")
    assert slugs(console, "q=acme") == sorted(["acme", row.slug])  # alice@acme.test owns both
    assert slugs(console, "q=elsewhere") == ["globex"]
    assert slugs(console, "q=zzz") == []
    assert slugs(console, "status__exact=failed") == [row.slug]
    assert slugs(console, "status__exact=ready") == ["acme", "globex"]
    Tenant.objects.filter(slug="globex").update(created_at=timezone.now() - timedelta(days=9))
    (today,) = [
        link
        for label, link in console.get(LIST).context["cl"].filter_specs[1].links
        if str(label) == "Today"
    ]
    assert slugs(console, urlencode(today)) == sorted(["acme", row.slug])


def test_detail_says_everything(console: Client, world: World) -> None:
    Tenant.objects.filter(id=world.acme.id).update(last_error="Traceback\nValueError: <odd>")
    response = console.get(act_url(world.acme))
    html = response.content.decode()
    for text in ("acme.localhost", "alice@acme.test", world.acme.schema_name, "Provisioned"):
        assert text in html
    assert "ValueError: &lt;odd&gt;" in html
    history = response.context["sections"][-1]
    assert [(row[1], row[3]) for row in history.rows] == [
        ("Provisioned", "system:provisioning"),
        ("Provisioning started", "system:provisioning"),
        ("Created", "system:tests"),
    ]


@pytest.mark.parametrize(
    ("status", "ready", "offered"),
    [
        ("pending", False, {"delete"}),
        ("provisioning", False, set()),
        (
            "ready",
            True,
            {
                "suspend",
                "delete",
                "maintenance",
                "export",
                "clone",
                "readdress",
                "canary",
                "caches",
            },
        ),
        ("suspended", True, {"resume", "delete", "export", "readdress", "canary", "caches"}),
        ("archived", True, {"resume", "delete", "export", "readdress", "canary", "caches"}),
        ("failed", False, {"retry", "delete"}),
        ("deleting", True, {"keep", "export"}),
        ("deleting", False, set()),
    ],
)
def test_acts_are_offered_only_where_the_state_allows_them(
    console: Client, alice: Person, status: str, ready: bool, offered: set[str]
) -> None:
    tenant = tenant_rows(1, alice, status=status, ready_at=timezone.now() if ready else None)[0]
    shown = {item["act"].name for item in console.get(act_url(tenant)).context["acts"]}
    assert shown == offered
    every = {
        *("suspend", "resume", "retry", "keep", "delete"),
        *("maintenance", "open", "export", "clone", "readdress"),
        *("canary", "uncanary", "caches"),
    }
    for act in every - offered:
        response = console.post(act_url(tenant, act), {"reason": "x", "slug": tenant.slug})
        assert response.status_code == 302
        assert "is not possible" in messages_of(response)[0]
    tenant.refresh_from_db()
    assert tenant.status == status
    assert not TenantEvent.objects.filter(tenant=tenant).exists()


@pytest.mark.parametrize(
    ("before", "act", "data", "after", "action"),
    [
        ("ready", "suspend", {"reason": " Unpaid "}, "suspended", "suspended"),
        ("suspended", "resume", {"reason": "Unpaid"}, "ready", "resumed"),
        ("deleting", "keep", {"reason": "Unpaid"}, "ready", "resumed"),
    ],
)
def test_life_cycle(
    console: Client,
    acme: Tenant,
    published: Published,
    before: str,
    act: str,
    data: dict[str, str],
    after: str,
    action: str,
) -> None:
    Tenant.objects.filter(id=acme.id).update(status=before)
    assert console.get(act_url(acme, act)).status_code == 200
    response = console.post(act_url(acme, act), data)
    assert (response.status_code, response["Location"]) == (302, act_url(acme))
    acme.refresh_from_db()
    assert (acme.status, acme.status_reason, acme.delete_after) == (after, "Unpaid", None)
    entry = acme.history.first()
    assert entry is not None
    assert (entry.action, entry.from_status, entry.to_status, entry.actor, entry.reason) == (
        action,
        before,
        after,
        "staff@platform.test",
        "Unpaid",
    )
    assert published() == [("tenants.tenant_status_changed", "staff@platform.test")]


def test_canaries(console: Client, acme: Tenant) -> None:
    page = console.get(act_url(acme, "canary")).content.decode()
    assert "before the others" in page
    console.post(act_url(acme, "canary"))
    acme.refresh_from_db()
    assert acme.is_canary
    assert console.get(act_url(acme)).content.decode().count("Migrated before the others") == 1
    assert (slugs(console, "is_canary__exact=1"), slugs(console, "")) == (
        ["acme"],
        ["acme", "globex"],
    )
    assert "is not possible" in messages_of(console.post(act_url(acme, "canary")))[-1]
    for argument, wanted in (("off", False), ("on", True), ("on", True)):
        out = StringIO()
        call_command("tenants", "canary", "acme", argument, "--json", stdout=out)
        assert json.loads(out.getvalue())["is_canary"] is wanted
    console.post(act_url(acme, "uncanary"))
    acme.refresh_from_db()
    assert not acme.is_canary
    assert [entry.action for entry in acme.history.all()[:4]] == [
        "unmarked_as_canary",
        "marked_as_canary",
        "unmarked_as_canary",
        "marked_as_canary",
    ]


def test_owners_make_no_canaries(acme: Tenant, owner: Actor) -> None:
    with pytest.raises(PermissionDenied):
        tenant_mark_canary(actor=owner, tenant_id=acme.id, is_canary=True)


def test_retry(console: Client, alice: Person, published: Published) -> None:
    tenant = tenant_rows(1, alice, status="failed", ready_at=None, attempts=5)[0]
    assert console.post(act_url(tenant, "retry")).status_code == 302
    tenant.refresh_from_db()
    assert (tenant.status, tenant.attempts) == ("pending", 0)
    assert [name for name, _ in published()] == [
        "tenants.tenant_status_changed",
        "tenants.tenant_requested",
    ]


def test_deletion_says_what_goes_and_wants_the_name(
    console: Client, acme: Tenant, published: Published
) -> None:
    page = console.get(act_url(acme, "delete")).content.decode()
    for text in (acme.schema_name, "2 memberships", "acme.localhost", "After 30 days"):
        assert text in page
    for data in (
        {"reason": "Left", "slug": "globex"},
        {"reason": "Left", "slug": ""},
        {"reason": "", "slug": "acme"},
        {},
    ):
        response = console.post(act_url(acme, "delete"), data)
        assert response.status_code == 200
        assert response.context["form"].errors
    acme.refresh_from_db()
    assert (acme.status, published()) == ("ready", [])

    console.post(act_url(acme, "delete"), {"reason": "Left", "slug": "acme"})
    acme.refresh_from_db()
    assert acme.status == "deleting"
    assert acme.delete_after is not None
    assert 29 <= (acme.delete_after - timezone.now()).days <= 30
    assert published() == [("tenants.tenant_status_changed", "staff@platform.test")]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_suspending_needs_a_reason(
    console: Client, acme: Tenant, published: Published, reason: str
) -> None:
    response = console.post(act_url(acme, "suspend"), {"reason": reason})
    assert response.status_code == 200
    assert "reason" in response.context["form"].errors
    acme.refresh_from_db()
    assert (acme.status, published()) == ("ready", [])


def test_somebody_else_was_faster(
    console: Client, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state changes between the page and the service: the service's refusal is shown."""
    from apps.console import tenant_acts

    suspend = next(act for act in tenant_acts.TENANT_ACTS if act.name == "suspend")
    Tenant.objects.filter(id=acme.id).update(status="archived")
    with monkeypatch.context() as patch:
        patch.setattr(type(suspend), "available", property(lambda _act: lambda _obj: True))
        response = console.post(act_url(acme, "suspend"), {"reason": "x"})
    assert messages_of(response) == [
        "The workspace is archived; it cannot become suspended from there."
    ]
    acme.refresh_from_db()
    assert acme.status == "archived"


class TestBulk:
    def post(self, client: Client, act: str, tenants: list[Tenant], **data: str) -> object:
        ids = [str(tenant.pk) for tenant in tenants]
        return client.post(LIST, {"action": act, "_selected_action": ids, **data})

    def test_suspends_those_that_can_be(
        self, console: Client, world: World, alice: Person, published: Published
    ) -> None:
        failed = tenant_rows(1, alice, status="failed", ready_at=None)[0]
        chosen = [world.acme, world.globex, failed]
        page = self.post(console, "suspend", chosen, index="0")
        assert page.status_code == 200  # type: ignore[attr-defined]
        bulk = page.context["bulk"]  # type: ignore[attr-defined]
        assert (sorted(bulk["allowed"]), bulk["skipped"]) == (["acme", "globex"], [failed.slug])
        assert published() == []

        response = self.post(console, "suspend", chosen[:2], confirmed="yes", reason="Move")
        assert messages_of(response) == ["Suspend: done for 2 tenants."]
        assert set(Tenant.objects.values_list("slug", "status")) >= {
            ("acme", "suspended"),
            ("globex", "suspended"),
            (failed.slug, "failed"),
        }
        assert published() == [("tenants.tenant_status_changed", "staff@platform.test")] * 2

    def test_needs_a_reason(self, console: Client, world: World, published: Published) -> None:
        response = self.post(console, "suspend", [world.acme], confirmed="yes", reason=" ")
        assert response.status_code == 200  # type: ignore[attr-defined]
        assert published() == []

    def test_refuses_when_no_state_allows_it(
        self, console: Client, world: World, published: Published
    ) -> None:
        response = self.post(console, "retry", [world.acme], index="0")
        assert messages_of(response) == [
            "“Retry provisioning” is not possible for any of the chosen."
        ]
        assert published() == []

    def test_is_bounded(self, console: Client, alice: Person, published: Published) -> None:
        rows = tenant_rows(201, alice)
        response = self.post(console, "suspend", rows, confirmed="yes", reason="x")
        assert messages_of(response) == ["Choose at most 200 at a time."]
        assert published() == []

    def test_deletion_is_not_offered(self, console: Client, world: World) -> None:
        self.post(console, "delete", [world.acme], confirmed="yes", reason="x", slug="acme")
        assert Tenant.objects.get(slug="acme").status == "ready"

    def test_others_change_nothing(self, outsider: Client, world: World) -> None:
        response = self.post(outsider, "suspend", [world.acme], confirmed="yes", reason="x")
        assert response.status_code == 404  # type: ignore[attr-defined]
        assert Tenant.objects.get(slug="acme").status == "ready"


class TestCreate:
    def test_creates_for_an_existing_person(
        self, console: Client, bob: Person, published: Published
    ) -> None:
        response = console.post(
            f"{LIST}create/", {"name": "Initech", "slug": "initech", "owner_email": "Bob@acme.test"}
        )
        tenant = Tenant.objects.get(slug="initech")
        assert response["Location"] == act_url(tenant)
        assert (tenant.name, tenant.status, tenant.owner_person_id) == (
            "Initech",
            "pending",
            bob.id,
        )
        assert published() == [("tenants.tenant_requested", "staff@platform.test")]

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"slug": "acme"}, "slug"),
            ({"slug": "admin"}, "slug"),
            ({"slug": "pg_x'; --"}, "slug"),
            ({"slug": "a" * 64}, "slug"),
            ({"owner_email": "nobody@acme.test"}, "owner_email"),
            ({"owner_email": "nonsense"}, "owner_email"),
            ({"name": " "}, "name"),
            ({"name": "x" * 101}, "name"),
            ({"name": "nul\0"}, "name"),
        ],
    )
    def test_bad_input_is_shown_beside_its_field(
        self, console: Client, published: Published, changes: dict[str, str], field: str
    ) -> None:
        data = {"name": "Initech", "slug": "initech", "owner_email": "bob@acme.test", **changes}
        response = console.post(f"{LIST}create/", data)
        assert response.status_code in (200, 400)
        if response.status_code == 200:
            assert list(response.context["form"].errors) == [field]
        assert not Tenant.objects.filter(slug="initech").exists()
        assert published() == []


def test_caches_are_cleared(console: Client, acme: Tenant, published: Published) -> None:
    html = console.get(act_url(acme, "caches")).content.decode()
    assert "portal.figures" in html
    console.post(act_url(acme, "caches"), {"namespace": "no.such"})
    assert published() == []
    console.post(act_url(acme, "caches"), {"namespace": "portal.figures"})
    assert published() == [("tenants.caches_cleared", "staff@platform.test")]
