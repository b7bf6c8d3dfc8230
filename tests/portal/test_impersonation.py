"""Platform staff who act for a member: what they can, what they never can, and who sees that they did."""

import json
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from apps.accounts import services
from apps.accounts.impersonation import impersonation_permit
from apps.accounts.models import BrowserSession, Person, SignInPolicy
from apps.accounts.services import membership_remove
from apps.accounts.session_end import sign_ins_end_all
from apps.audit.models import Entry
from apps.common.access import permissions
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.models import Member
from apps.tenants.models import Tenant
from tests.accounts.support import PUBLIC, SYSTEM, force_sign_in, host, mails_after_drain

pytestmark = pytest.mark.django_db
REASON = "Ticket 4711: the list is empty for them"


class Support:
    """The browser of a member of staff, on the public host and on acme's."""

    def __init__(self, staff: Person, tenant: Tenant) -> None:
        self.tenant = tenant
        self.public = Client(HTTP_HOST=PUBLIC)
        force_sign_in(self.public, staff)
        self.inside = Client(HTTP_HOST=host(tenant))

    def ask(self, named: str, **changes: Any) -> HttpResponse:
        data = {"named": named, "minutes": "15", "reason": REASON, **changes}
        return self.public.post(f"/console/tenants/tenant/{self.tenant.pk}/impersonate/", data)

    def follow(self, response: HttpResponse) -> HttpResponse:
        """To the address that it leads to, on whichever host."""
        parts = urlsplit(response["Location"])
        client = self.inside if parts.netloc == host(self.tenant) else self.public
        return client.get(f"{parts.path}?{parts.query}")

    def enter(self, named: str, **changes: Any) -> HttpResponse:
        response = self.ask(named, **changes)
        for _step in range(4):
            response = self.follow(response)
        return response

    def act_for(self, person: Person, **changes: Any) -> Client:
        assert self.enter(person.email, **changes)["Location"] == "/"
        return self.inside

    @property
    def row(self) -> BrowserSession:
        return BrowserSession.objects.get(impersonator__isnull=False)


@pytest.fixture
def support(staff: Person, acme: Tenant) -> Support:
    return Support(staff, acme)


def events(name: str) -> list[OutboxEvent]:
    return list(OutboxEvent.objects.filter(name=name).order_by("position"))


def test_staff_see_what_the_member_sees_and_everybody_sees_that_they_do(
    support: Support, bob: Person, staff: Person, acme: Tenant
) -> None:
    last_login = bob.last_login
    page = support.act_for(bob).get("/").content.decode()
    for text in ("staff@platform.test", "acting for <strong>Bob", REASON, ">Stop</button>"):
        assert text in page, text
    assert page.index('class="acting"') < page.index('class="workspace"')
    row = support.row
    assert (row.person, row.impersonator, row.reason, row.tenant) == (bob, staff, REASON, acme)
    bob.refresh_from_db()
    assert bob.last_login == last_login
    [started] = events("accounts.impersonation_started")
    assert (started.actor_kind, started.actor_label) == ("staff", "staff@platform.test")
    assert started.tenant_id == acme.id
    assert started.payload["reason"] == REASON
    assert not OutboxEvent.objects.filter(name="accounts.session_started", tenant_id=acme.id)


def test_the_member_is_told_and_can_end_it(
    support: Support, bob: Person, django_capture_on_commit_callbacks: Any
) -> None:
    inside = support.act_for(bob)
    mails_after_drain()
    [message] = [m for m in mail.outbox if "Support" in m.subject]
    assert message.to == ["bob@acme.test"]
    for text in ("staff@platform.test", REASON, f"http://{PUBLIC}/account/sessions/"):
        assert text in str(message.body)
    own = Client(HTTP_HOST=PUBLIC)
    force_sign_in(own, bob)
    html = own.get("/account/sessions/").content.decode()
    assert "Support that acts for you" in html
    with django_capture_on_commit_callbacks(execute=True):
        own.post(f"/account/sessions/{support.row.id}/revoke/")
    assert inside.get("/")["Location"] == "/sign-in/?next=/"
    [ended] = events("accounts.impersonation_ended")
    assert (ended.actor_label, ended.payload["reason"]) == ("bob@acme.test", "revoked")


def test_what_they_do_is_audited_with_both(
    support: Support, alice: Person, staff: Person, acme: Tenant
) -> None:
    inside = support.act_for(alice)
    assert inside.post("/settings/", {"name": "Acme & Sons"}).status_code == 302
    mails_after_drain()
    with tenant_context(acme):
        entry = Entry.objects.filter(action__startswith="tenants.").latest("seq")
    who = {"id": str(staff.id), "label": "staff@platform.test"}
    assert (entry.actor_label, entry.what["impersonator"]) == ("alice@acme.test", who)
    own = Client(HTTP_HOST=host(acme))
    force_sign_in(own, alice, acme)
    assert "by staff@platform.test of support" in own.get("/audit/").content.decode()
    detail = own.get(f"/audit/{entry.event_id}/").content.decode()
    assert "Acted for them" in detail
    lines = own.get("/audit/export/", {"form": "ndjson"})
    told = [json.loads(line) for line in b"".join(lines.streaming_content).splitlines()]  # type: ignore[attr-defined]
    found = next(one for one in told if one["id"] == str(entry.event_id))
    assert found["impersonator"] == {"person_id": who["id"], "label": who["label"]}


def test_they_hold_what_the_member_holds_but_nothing_dangerous(
    support: Support, alice: Person
) -> None:
    inside = support.act_for(alice)
    data = inside.get("/api/v1/roles/").json()
    assert data["results"]
    for path, body in (
        ("api-keys/", {"name": "Mine", "permissions": ["organizations.view_member"]}),
        ("roles/", {"name": "Mine", "permissions": []}),
        ("tenant/exports/", {}),
        ("tenant/domains/", {"domain": "mine.example"}),
    ):
        answer = inside.post(f"/api/v1/{path}", body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (403, "impersonation_refused"), path
    answer = inside.patch(
        "/api/v1/tenant/sign-in-policy/", {"require_mfa": False}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "impersonation_refused")


def test_no_dangerous_permission_is_left(alice: Person, acme: Tenant) -> None:
    from apps.common.proofs import Impersonator, Proof
    from apps.organizations.actors import actor_for

    with tenant_context(acme):
        own = actor_for(alice)
        acting = actor_for(alice, Proof(impersonator=Impersonator(uuid.uuid4(), "x@platform.test")))
    all_codes = {code for grant in own.grants for code in grant.permissions}
    left = {code for grant in acting.grants for code in grant.permissions}
    dangerous = {code for code, one in permissions().items() if one.dangerous}
    assert all_codes == set(permissions())
    assert dangerous
    assert left == all_codes - dangerous


def test_the_members_own_account_is_out_of_reach(
    support: Support, bob: Person, acme: Tenant, globex: Tenant
) -> None:
    services.membership_add(actor=SYSTEM, person_id=bob.id, tenant_id=globex.id)
    inside = support.act_for(bob)
    assert inside.get("/api/v1/me/").json()["email"] == "bob@acme.test"
    for method, path in (
        ("patch", "me/"),
        ("get", "me/data/"),
        ("post", "me/erasure/"),
        ("get", "me/tenants/"),
        ("get", "auth/sessions/"),
        ("post", "auth/reauthenticate/"),
    ):
        answer = getattr(inside, method)(f"/api/v1/{path}", content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (403, "impersonation_refused"), path
    for path in ("/switcher/", "/palette.json"):
        assert "Globex" not in inside.get(path).content.decode()
    # The session is good on this host only, and speaks for nobody in another workspace.
    elsewhere = Client(HTTP_HOST=host(globex))
    elsewhere.cookies = inside.cookies
    assert elsewhere.get("/").status_code == 302
    assert inside.get("/api/v1/members/", headers={"X-Tenant": "globex"}).status_code in (401, 404)


def test_sensitive_pages_say_that_only_the_member_may(support: Support, alice: Person) -> None:
    inside = support.act_for(alice)
    for path in ("/api-keys/new/", "/settings/addresses/change/"):
        page = inside.get(path)
        assert page.status_code == 403, path
        assert "Only the member may do this" in page.content.decode()
    session = inside.session
    session["sign_in_proved_at"] = 0.0
    session.save()
    # Nor are they sent to a sign-in that is not theirs.
    assert inside.get("/api-keys/new/").status_code == 403


def test_they_stop_and_are_back_in_the_console(support: Support, bob: Person, acme: Tenant) -> None:
    inside = support.act_for(bob)
    response = inside.post("/sign-out/")
    assert response["Location"] == f"http://{PUBLIC}/console/tenants/tenant/{acme.pk}/"
    assert support.public.get(f"/console/tenants/tenant/{acme.pk}/").status_code == 200
    assert inside.get("/")["Location"] == "/sign-in/?next=/"
    [ended] = events("accounts.impersonation_ended")
    assert (ended.actor_label, ended.payload["reason"]) == ("staff@platform.test", "signed_out")


def test_it_ends_by_itself(support: Support, bob: Person) -> None:
    inside = support.act_for(bob, minutes="30")
    left = support.row.expires_at - timezone.now()
    assert timedelta(minutes=29) < left <= timedelta(minutes=30)
    assert 29 * 60 < inside.session.get_expiry_age() <= 30 * 60


@pytest.mark.parametrize("how", ["deactivated", "signed_out", "demoted", "password"])
def test_it_ends_with_the_staff(
    support: Support,
    bob: Person,
    staff: Person,
    how: str,
    django_capture_on_commit_callbacks: Any,
) -> None:
    other = Person.objects.create_user(
        "second@platform.test", "wrapper-demo", name="Second", is_staff=True
    )
    assert other.is_staff
    inside = support.act_for(bob)
    assert inside.get("/").status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        _end(how, support, staff)
    assert inside.get("/")["Location"] == "/sign-in/?next=/"


def _end(how: str, support: Support, staff: Person) -> None:
    if how == "deactivated":
        services.person_deactivate(actor=SYSTEM, person_id=staff.id)
    elif how == "signed_out":
        support.public.post("/accounts/logout/")
    elif how == "password":
        sign_ins_end_all(actor=SYSTEM, person_id=staff.id, note="")
    else:
        Person.objects.filter(id=staff.id).update(is_staff=False)
        session = support.inside.session
        session["seen_at"] = 0
        session.save()


def test_it_ends_with_the_membership(
    support: Support, bob: Person, acme: Tenant, django_capture_on_commit_callbacks: Any
) -> None:
    inside = support.act_for(bob)
    with django_capture_on_commit_callbacks(execute=True):
        membership_remove(actor=SYSTEM, person_id=bob.id, tenant_id=acme.id)
    assert inside.get("/").status_code == 302


def test_the_policy_of_the_workspace_decides(
    support: Support, bob: Person, alice: Person, acme: Tenant
) -> None:
    own = Client(HTTP_HOST=host(acme))
    force_sign_in(own, alice, acme)
    assert "Platform support" in own.get("/settings/sign-in/").content.decode()
    assert own.post("/settings/sign-in/support/", {"allow": "maybe"}).status_code == 400
    assert own.post("/settings/sign-in/support/", {"allow": "no"}).status_code == 302
    assert SignInPolicy.objects.get(tenant=acme).allow_support is False
    assert [one.payload["allowed"] for one in events("accounts.support_access_changed")] == [False]
    shown = support.ask("bob@acme.test")
    assert shown.status_code == 302
    assert "does not let support act" in support.public.get(shown["Location"]).content.decode()
    answer = own.patch(
        "/api/v1/tenant/sign-in-policy/", {"allow_support": True}, content_type="application/json"
    )
    assert answer.json()["allow_support"] is True
    support.act_for(bob)


def test_a_policy_with_a_second_factor_asks_it_of_staff(
    support: Support, bob: Person, acme: Tenant, staff: Person
) -> None:
    SignInPolicy.objects.create(tenant=acme, require_mfa=True)
    response = support.ask(bob.email)
    for _step in range(3):
        response = support.follow(response)
    assert response["Location"].startswith("/account/security/required/?next=%2Fsupport%2F")
    following = parse_qs(urlsplit(response["Location"]).query)["next"][0]
    force_sign_in(support.public, staff, methods=("password", "totp"))
    entered = support.public.get(following)
    assert support.follow(entered)["Location"] == "/"
    assert support.inside.get("/").status_code == 200


def test_staff_whose_sign_in_is_old_prove_who_they_are(
    support: Support, bob: Person, staff: Person
) -> None:
    force_sign_in(support.public, staff, ago_s=3600)
    response = support.ask(bob.email)
    for _step in range(3):
        response = support.follow(response)
    assert response["Location"].startswith("/accounts/reauthenticate/?next=%2Fsupport%2F")


def test_a_permit_is_good_once_for_who_asked(
    support: Support, bob: Person, alice: Person, staff: Person, acme: Tenant
) -> None:
    asked = support.ask(bob.email)
    permit = parse_qs(urlsplit(asked["Location"]).query)["permit"][0]
    for other in (
        alice,
        Person.objects.create_user("p@platform.test", "x", name="P", is_staff=True),
    ):
        client = Client(HTTP_HOST=PUBLIC)
        force_sign_in(client, other)
        assert client.get("/support/", {"permit": permit}).status_code == 404
    anonymous = Client(HTTP_HOST=PUBLIC).get("/support/", {"permit": permit})
    assert anonymous["Location"].startswith("/accounts/login/")
    response: HttpResponse = asked
    for _step in range(4):
        response = support.follow(response)
    again = support.public.get("/support/", {"permit": permit, "state": "s" * 43})
    assert again.status_code == 404
    for nonsense in ("", "x", "é", "\ud800"):
        assert (
            support.public.get(
                "/support/", {"permit": nonsense.encode("utf-8", "replace")}
            ).status_code
            == 404
        )


def test_the_ticket_is_useless_in_another_browser(support: Support, bob: Person) -> None:
    response = support.ask(bob.email)
    for _step in range(3):
        response = support.follow(response)
    stolen = Client(HTTP_HOST=host(support.tenant))
    parts = urlsplit(response["Location"])
    assert stolen.get(f"{parts.path}?{parts.query}").status_code == 400


def test_the_form_refuses_what_is_wrong(support: Support, bob: Person, acme: Tenant) -> None:
    for changes in ({"reason": " "}, {"minutes": "600"}, {"minutes": ""}, {"named": "nobody"}):
        page = support.ask(**{"named": bob.email, **changes})
        assert page.status_code == 200, changes
        assert "errorlist" in page.content.decode() or "error" in page.content.decode()
    with tenant_context(acme):
        Member.objects.filter(email=bob.email).update(status="deactivated")
    assert support.ask(bob.email).status_code == 200
    assert not BrowserSession.objects.filter(impersonator__isnull=False).exists()


def test_the_service_refuses_others(
    alice: Person, bob: Person, staff: Person, acme: Tenant, globex: Tenant, owner: Actor
) -> None:
    sam = Actor.staff(staff.id, staff.email)
    good: dict[str, Any] = {
        "actor": sam,
        "tenant": acme,
        "person_id": bob.id,
        "reason": "why",
        "minutes": 15,
    }
    for changes, error in (
        ({"actor": owner}, PermissionDenied),
        ({"actor": SYSTEM}, PermissionDenied),
        ({"minutes": 61}, InvalidInput),
        ({"reason": ""}, InvalidInput),
        ({"reason": "x" * 501}, InvalidInput),
        ({"person_id": staff.id}, Conflict),
        ({"person_id": uuid.uuid4()}, NotFound),
        ({"tenant": globex}, NotFound),
    ):
        with pytest.raises(error):
            impersonation_permit(**{**good, **changes})


def test_the_console_lists_members_to_act_for(support: Support, acme: Tenant) -> None:
    html = support.public.get(f"/console/tenants/tenant/{acme.pk}/members/").content.decode()
    assert "bob@acme.test" in html
    assert "Act for them" in html
    found = support.public.get(
        f"/console/tenants/tenant/{acme.pk}/members/", {"q": "alice"}
    ).content.decode()
    assert "bob@acme.test" not in found
