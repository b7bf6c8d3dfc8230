from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.factors import factors_reset
from apps.accounts.models import Erasure, Person, TokenSession
from apps.accounts.services import person_create, person_deactivate
from apps.accounts.session_end import sign_ins_end_all
from apps.common.actors import Actor, ActorKind
from apps.common.errors import Conflict, PermissionDenied
from apps.console.services import verification_resend
from apps.events.models import OutboxEvent
from tests.accounts.factors import SECRET, give_passkey, give_totp, kinds
from tests.accounts.support import force_sign_in
from tests.conftest import SYSTEM, World
from tests.console.conftest import browser_session, messages_of

LIST = "/console/accounts/person/"
Published = Callable[[], list[tuple[str, str]]]
STAFF = "staff@platform.test"


def url(person: Person, act: str = "") -> str:
    return f"{LIST}{person.pk}/{act}/" if act else f"{LIST}{person.pk}/"


def session(person: Person, **fields: object) -> TokenSession:
    expires_at = timezone.now() + timedelta(days=1)
    return TokenSession.objects.create(**{"person": person, "expires_at": expires_at, **fields})


def offered(client: Client, person: Person) -> set[str]:
    return {item["act"].name for item in client.get(url(person)).context["acts"]}


def emails(client: Client, query: str) -> list[str]:
    return sorted(p.email for p in client.get(f"{LIST}?{query}").context["cl"].result_list)


def test_list_search_and_filters(console: Client, world: World) -> None:
    EmailAddress.objects.filter(user=world.bob).update(verified=False)
    Person.objects.filter(id=world.charlie.id).update(is_active=False)
    assert emails(console, "q=baker") == ["bob@acme.test"]
    assert emails(console, "verified=no") == ["bob@acme.test"]
    assert emails(console, "verified=yes") == ["alice@acme.test", "charlie@globex.test", STAFF]
    assert emails(console, "is_staff__exact=1") == [STAFF]
    assert emails(console, "is_active__exact=0") == ["charlie@globex.test"]


def test_the_list_takes_as_many_statements_for_more_people(console: Client, world: World) -> None:
    with CaptureQueriesContext(connection) as few:
        console.get(LIST)
    for number in range(5):
        person_create(actor=SYSTEM, email=f"p{number}@acme.test", name="P")
    with CaptureQueriesContext(connection) as more:
        console.get(LIST)
    assert len(few) == len(more) <= 7


def test_detail(console: Client, world: World) -> None:
    session(world.alice, user_agent="<Phone>", ip="203.0.113.9")
    html = console.get(url(world.alice)).content.decode()
    for text in ("Alice Archer", "alice@acme.test", ">acme<", "&lt;Phone&gt;", "203.0.113.9"):
        assert text in html
    assert world.alice.password not in html


def test_acts_follow_the_state(console: Client, world: World) -> None:
    assert offered(console, world.bob) == {"deactivate", "erase"}
    EmailAddress.objects.filter(user=world.bob).update(verified=False)
    session(world.bob)
    assert offered(console, world.bob) == {"deactivate", "verify", "sign-out", "erase"}
    Person.objects.filter(id=world.bob.id).update(is_active=False)
    assert offered(console, world.bob) == {"reactivate", "sign-out", "erase"}


def test_erase(console: Client, bob: Person, alice: Person, published: Published) -> None:
    assert console.post(url(bob, "erase"), {"reason": ""}).status_code == 200
    assert not Erasure.objects.exists()
    response = console.post(url(bob, "erase"), {"reason": "They wrote to us."})
    assert (response.status_code, response["Location"]) == (302, url(bob))
    erasure = Erasure.objects.get()
    assert (erasure.requested_by, erasure.reason) == ("staff@platform.test", "They wrote to us.")
    assert "accounts.person_erasure_requested" in [name for name, *_rest in published()]
    assert offered(console, bob) == set()
    page = console.get(url(bob)).content.decode()
    assert "Under way: 0 tenants done" in page
    assert "They wrote to us." in page
    # alice owns acme alone.
    refused = console.post(url(alice, "erase"), {"reason": "They wrote to us."}, follow=True)
    assert "Make somebody else an owner first" in refused.content.decode()
    assert Erasure.objects.count() == 1


def test_deactivate_and_reactivate(console: Client, bob: Person, published: Published) -> None:
    live = session(bob)
    response = console.post(url(bob, "deactivate"))
    assert (response.status_code, response["Location"]) == (302, url(bob))
    bob.refresh_from_db()
    live.refresh_from_db()
    assert not bob.is_active
    assert (live.revoked_at is not None, live.revoked_reason) == (True, "deactivated")
    assert published() == [("accounts.person_deactivated", STAFF)]

    console.post(url(bob, "reactivate"))
    bob.refresh_from_db()
    assert bob.is_active
    assert published()[1:] == [("accounts.person_reactivated", STAFF)]


def test_the_last_member_of_staff_stays(
    console: Client, staff: Person, published: Published
) -> None:
    response = console.post(url(staff, "deactivate"))
    wanted = "This is the last member of platform staff. Name another one first."
    assert messages_of(response) == [wanted]
    staff.refresh_from_db()
    assert staff.is_active
    assert published() == []

    other = person_create(actor=SYSTEM, email="two@platform.test", name="Two", is_staff=True)
    console.post(url(staff, "deactivate"))
    staff.refresh_from_db()
    assert not staff.is_active
    with pytest.raises(Conflict):
        person_deactivate(actor=SYSTEM, person_id=other.id)


def test_sign_out_everywhere(console: Client, world: World, published: Published) -> None:
    browser = browser_session(world.bob)
    live = [browser, session(world.bob), session(world.bob)]
    expired = session(world.bob, expires_at=timezone.now() - timedelta(days=1))
    other = session(world.alice)
    before = len(published())
    assert console.post(url(world.bob, "sign-out")).status_code == 200  # no reason
    assert len(published()) == before
    console.post(url(world.bob, "sign-out"), {"reason": "Lost laptop"})
    for row in (*live, other):
        row.refresh_from_db()
    assert {row.revoked_reason for row in live} == {"signed_out_by_staff"}
    assert other.revoked_at is None
    assert published()[before:] == [("accounts.sessions_ended", STAFF)]
    payload = OutboxEvent.objects.filter(name="accounts.sessions_ended").latest("position").payload
    assert payload == {
        "person_id": str(world.bob.id),
        "reason": "signed_out_by_staff",
        "browser_count": 1,
        "api_count": 2 + bool(expired),
        "note": "Lost laptop",
    }


def test_one_session(console: Client, world: World, published: Published) -> None:
    for row in (browser_session(world.bob), session(world.bob, user_agent="<Phone>/1")):
        page = f"/console/accounts/{row._meta.model_name}/{row.pk}/"
        html = console.get(page).content.decode()
        assert "bob@acme.test" in html
        assert "<Phone>" not in html
        assert row.pk.hex not in html
        response = console.post(f"{page}revoke/")
        assert (response.status_code, response["Location"]) == (302, page)
        row.refresh_from_db()
        assert row.revoked_reason == "revoked"
    assert [name for name, _ in published()][-2:] == [
        "accounts.session_ended",
        "accounts.token_session_revoked",
    ]


def test_resend_verification(console: Client, bob: Person, published: Published) -> None:
    assert "is not possible" in messages_of(console.post(url(bob, "verify")))[0]
    assert published() == []
    EmailAddress.objects.filter(user=bob).update(verified=False)
    console.post(url(bob, "verify"))
    assert published() == [("accounts.email_requested", STAFF)]


def test_services_are_for_staff(world: World, published: Published) -> None:
    alice = Actor(ActorKind.PERSON, world.alice.email, person_id=world.alice.id)
    with pytest.raises(PermissionDenied):
        sign_ins_end_all(actor=alice, person_id=world.alice.id, note="")
    for service in (verification_resend, person_deactivate):
        with pytest.raises(PermissionDenied):
            service(actor=alice, person_id=world.alice.id)
    with pytest.raises(Conflict):
        verification_resend(actor=SYSTEM, person_id=world.bob.id)
    assert published() == []


def test_memberships(console: Client, world: World) -> None:
    listed = console.get(f"/console/accounts/tenantmembership/?tenant__id__exact={world.acme.pk}")
    people = sorted(m.person.email for m in listed.context["cl"].result_list)
    assert people == ["alice@acme.test", "bob@acme.test"]


def test_second_factors_are_seen_and_reset(
    console: Client, bob: Person, published: Published
) -> None:
    assert "None: their password alone signs them in." in console.get(url(bob)).content.decode()
    codes = give_totp(bob)
    give_passkey(bob, name="<Laptop>")
    assert "reset_factors" in offered(console, bob)
    html = console.get(url(bob)).content.decode()
    for text in ("Authenticator app", "Passkey “&lt;Laptop&gt;”", "10 recovery codes"):
        assert text in html
    for secret in (SECRET, codes[0]):
        assert secret not in html
    assert console.post(url(bob, "reset_factors")).status_code == 200
    assert kinds(bob) == ["recovery_codes", "totp", "webauthn"]
    console.post(url(bob, "reset_factors"), {"reason": "Lost the phone"})
    assert kinds(bob) == []
    assert published() == [("accounts.factors_reset", STAFF), ("accounts.email_requested", STAFF)]


def test_the_command_resets_second_factors(bob: Person, published: Published) -> None:
    with pytest.raises(CommandError, match="has no second factor"):
        call_command("accounts", "reset-factors", bob.email, "--reason", "lost")
    give_totp(bob)
    call_command("accounts", "reset-factors", bob.email.upper(), "--reason", "lost")
    assert kinds(bob) == []
    assert published() == [
        ("accounts.factors_reset", "system:command"),
        ("accounts.email_requested", "system:command"),
    ]
    event = OutboxEvent.objects.get(name="accounts.factors_reset")
    assert event.payload == {"person_id": str(bob.id), "reason": "lost"}


def test_only_staff_reset_second_factors(alice: Person, bob: Person) -> None:
    give_totp(bob)
    for person in (alice, bob):
        with pytest.raises(PermissionDenied):
            factors_reset(
                actor=Actor(ActorKind.PERSON, person.email, person_id=person.id),
                person_id=bob.id,
                reason="x",
            )
    assert kinds(bob) == ["recovery_codes", "totp"]


def test_staff_may_have_to_sign_in_with_a_second_factor(staff: Person, settings: Any) -> None:
    settings.STAFF_REQUIRE_MFA = True
    client = Client(HTTP_HOST="localhost:8000")
    force_sign_in(client, staff)
    response = client.get(f"{LIST}?q=bob")
    assert response["Location"] == (
        "/account/security/required/?next=%2Fconsole%2Faccounts%2Fperson%2F%3Fq%3Dbob"
    )
    assert "One more step" in client.get(response["Location"]).content.decode()
    force_sign_in(client, staff, methods=("password", "totp"))
    assert client.get(LIST).status_code == 200
