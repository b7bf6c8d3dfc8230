"""The rows beside browsers' sessions: begun at each sign-in, ended together, seldom written."""

import time
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.core.cache import caches
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts import sessions
from apps.accounts.browser_sessions import SEEN_EVERY_S, prune
from apps.accounts.models import BrowserSession, Person, TokenSession
from apps.accounts.services import membership_remove, person_deactivate, person_set_password
from apps.tenants.models import Tenant
from tests.accounts.support import PASSWORD, PUBLIC, SYSTEM, host, sign_in
from tests.accounts.test_handoff import Browser, browser, enter_url, signed_in

__all__ = ["browser", "signed_in"]

pytestmark = pytest.mark.django_db
NOBODY = "AnonymousUser"


def entered(walker: Browser, tenant: Tenant) -> BrowserSession:
    walker.get(enter_url(walker, tenant))
    return BrowserSession.objects.latest("id")


def key_of(walker: Browser, netloc: str) -> str:
    return walker.on(netloc).cookies[settings.SESSION_COOKIE_NAME].value


def test_a_sign_in_is_recorded(client: Client, alice: Person, published: Any) -> None:
    client.defaults |= {"HTTP_USER_AGENT": "x" * 400, "REMOTE_ADDR": "192.0.2.1"}
    sign_in(client, alice)
    row = BrowserSession.objects.get()
    assert (row.person, row.parent, row.tenant, row.host) == (alice, None, None, "")
    assert (row.user_agent, row.ip, row.revoked_at) == ("x" * 300, "192.0.2.1", None)
    lasts_s = (row.expires_at - row.created_at).total_seconds()
    assert lasts_s == pytest.approx(settings.SESSION_COOKIE_AGE, abs=2)
    event, _device = published()
    assert (event.name, event.actor_label) == ("accounts.session_started", alice.email)
    assert event.payload == {
        "person_id": str(alice.id),
        "session_id": str(row.id),
        "kind": "browser",
        "host": "",
    }


def test_no_key_is_kept_anywhere(client: Client, alice: Person) -> None:
    sign_in(client, alice)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert BrowserSession.objects.get().key_hash == sessions.key_hash(key)
    redis: Any = caches["global"]
    kept = [name.decode() for name in redis._cache.get_client().keys("*")]
    assert [name for name in kept if key in name] == []
    assert [name for name in kept if sessions.key_hash(key) in name] != []


def test_a_workspace_session_names_the_public_one(signed_in: Browser, acme: Tenant) -> None:
    public = BrowserSession.objects.get()
    row = entered(signed_in, acme)
    assert (row.parent, row.tenant, row.host) == (public, acme, "acme.localhost")
    assert row.expires_at == public.expires_at


def test_with_the_public_session_go_the_workspaces(
    signed_in: Browser, acme: Tenant, alice: Person, django_capture_on_commit_callbacks: Any
) -> None:
    entered(signed_in, acme)
    assert signed_in.who(host(acme)) == alice.email
    with django_capture_on_commit_callbacks(execute=True):
        signed_in.on(PUBLIC).post("/accounts/logout/")
    assert signed_in.who(host(acme)) == NOBODY
    assert [r.revoked_reason for r in BrowserSession.objects.all()] == ["signed_out"] * 2


def test_a_workspace_session_ends_alone(
    signed_in: Browser, acme: Tenant, alice: Person, django_capture_on_commit_callbacks: Any
) -> None:
    row = entered(signed_in, acme)
    with django_capture_on_commit_callbacks(execute=True):
        signed_in.on(PUBLIC).delete(f"/api/v1/auth/sessions/{row.id}/")
    assert signed_in.who(host(acme)) == NOBODY
    assert signed_in.who(PUBLIC) == alice.email


def test_signing_out_elsewhere_from_a_workspace_keeps_this_browser(
    signed_in: Browser,
    acme: Tenant,
    alice: Person,
    client: Client,
    django_capture_on_commit_callbacks: Any,
) -> None:
    entered(signed_in, acme)
    sign_in(client, alice)
    with django_capture_on_commit_callbacks(execute=True):
        response = signed_in.on(host(acme)).post("/api/v1/auth/sessions/revoke-others/")
    assert response.json() == {"revoked": 1}
    assert signed_in.who(host(acme)) == signed_in.who(PUBLIC) == alice.email
    assert client.get("/who/").content == NOBODY.encode()


def test_a_ticket_of_an_ended_session_opens_nothing(
    signed_in: Browser, acme: Tenant, django_capture_on_commit_callbacks: Any
) -> None:
    ticket = enter_url(signed_in, acme)
    with django_capture_on_commit_callbacks(execute=True):
        signed_in.on(PUBLIC).post("/accounts/logout/")
    assert signed_in.get(ticket).status_code == 400
    assert signed_in.who(host(acme)) == NOBODY
    assert BrowserSession.objects.filter(tenant=acme).count() == 0


def test_each_sign_in_gets_a_new_key(
    client: Client, alice: Person, bob: Person, django_capture_on_commit_callbacks: Any
) -> None:
    """Session fixation: whoever knew the key before the sign-in knows nothing after it."""
    with django_capture_on_commit_callbacks(execute=True):
        planted = "a" * 32
        client.cookies[settings.SESSION_COOKIE_NAME] = planted
        keys = [planted]
        for person in (alice, alice, bob):
            client.post(
                "/accounts/login/?next=/who/", {"login": person.email, "password": PASSWORD}
            )
            keys.append(client.cookies[settings.SESSION_COOKIE_NAME].value)
            client.post("/accounts/logout/")
        assert len(set(keys)) == 4
    for key in keys:
        stranger = Client(HTTP_HOST=PUBLIC)
        stranger.cookies[settings.SESSION_COOKIE_NAME] = key
        assert stranger.get("/who/").content == NOBODY.encode()


def test_an_anonymous_session_gets_a_new_key(client: Client, alice: Person) -> None:
    session = client.session
    session["before"] = 1
    session.save()
    before = session.session_key
    client.cookies[settings.SESSION_COOKIE_NAME] = before
    sign_in(client, alice)
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != before
    assert not sessions.SessionStore().exists(before)


def test_the_hand_over_gets_a_new_key_each_time(
    signed_in: Browser, acme: Tenant, alice: Person, django_capture_on_commit_callbacks: Any
) -> None:
    first_ticket = enter_url(signed_in, acme)
    signed_in.on(host(acme)).cookies[settings.SESSION_COOKIE_NAME] = "b" * 32
    signed_in.get(first_ticket)
    keys = ["b" * 32, key_of(signed_in, host(acme)), key_of(signed_in, PUBLIC)]
    # Another tab's ticket, in a browser that is signed in already.
    state = "c" * 43
    signed_in.on(host(acme)).cookies["sign-in"] = state
    ticket = signed_in.get(f"http://{PUBLIC}/open/acme/?state={state}")["Location"]
    with django_capture_on_commit_callbacks(execute=True):
        signed_in.get(ticket)
    keys.append(key_of(signed_in, host(acme)))
    assert len(set(keys)) == 4
    assert signed_in.who(host(acme)) == alice.email
    assert list(
        BrowserSession.objects.filter(tenant=acme)
        .order_by("id")
        .values_list("revoked_reason", flat=True)
    ) == ["replaced", ""]


class Redis:
    """Counts the commands that the sessions' Redis is sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import redis

        self.count = 0
        send = redis.Redis.execute_command

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            return send(*args, **kwargs)

        monkeypatch.setattr(redis.Redis, "execute_command", counted)


def test_a_busy_browser_costs_nothing_more(
    client: Client, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, alice)
    redis = Redis(monkeypatch)
    with CaptureQueriesContext(connection) as captured:
        for _ in range(3):
            assert client.get("/who/").content == b"alice@acme.test"
    # The person, and the session itself.
    assert [q["sql"].count("accounts_browsersession") for q in captured] == [0] * 3
    assert redis.count == 3


def test_last_seen_is_written_once_in_a_while(
    client: Client, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, alice)
    long_ago = timezone.now() - timedelta(hours=1)
    BrowserSession.objects.update(last_used_at=long_ago)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + SEEN_EVERY_S + 1)
    written = []
    for _ in range(3):
        with CaptureQueriesContext(connection) as captured:
            client.get("/who/", REMOTE_ADDR="192.0.2.99")
        written.append(sum("UPDATE" in q["sql"] for q in captured))
    assert written == [1, 0, 0]
    row = BrowserSession.objects.get()
    assert row.ip == "192.0.2.99"
    assert row.last_used_at > long_ago + timedelta(minutes=59)


def test_use_does_not_prolong_a_session(
    client: Client, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, alice)
    key = sessions.PREFIX + BrowserSession.objects.get().key_hash
    redis: Any = caches["global"]
    ttl_s = lambda: redis._cache.get_client().ttl(redis.make_key(key))  # noqa: E731
    assert ttl_s() == pytest.approx(settings.SESSION_COOKIE_AGE, abs=3)
    real = time.time
    day_s = 86_400
    monkeypatch.setattr(time, "time", lambda: real() + day_s)
    client.get("/who/")
    assert ttl_s() == pytest.approx(settings.SESSION_COOKIE_AGE - day_s, abs=3)
    assert client.cookies[settings.SESSION_COOKIE_NAME]["max-age"] == pytest.approx(
        settings.SESSION_COOKIE_AGE - day_s, abs=3
    )


def test_what_redis_forgot_to_end_is_found_out(
    client: Client, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died between the commit and the deletion: the row is the truth."""
    sign_in(client, alice)
    BrowserSession.objects.update(revoked_at=timezone.now(), revoked_reason="revoked")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + SEEN_EVERY_S + 1)
    assert client.get("/who/").content == NOBODY.encode()
    assert client.get("/who/").content == NOBODY.encode()


def test_a_request_under_way_does_not_bring_an_ended_session_back(
    client: Client, alice: Person
) -> None:
    sign_in(client, alice)
    session = client.session
    session["late"] = 1
    sessions.forget([BrowserSession.objects.get().key_hash])
    with pytest.raises(UpdateError):
        session.save()
    assert client.get("/who/").content == NOBODY.encode()


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda **who: person_set_password(**who, password="correct horse"), "password_changed"),
        (person_deactivate, "deactivated"),
        (membership_remove, "membership_removed"),
    ],
)
def test_what_ends_sessions(
    act: Any,
    reason: str,
    signed_in: Browser,
    acme: Tenant,
    alice: Person,
    django_capture_on_commit_callbacks: Any,
) -> None:
    entered(signed_in, acme)
    with django_capture_on_commit_callbacks(execute=True):
        where = {"tenant_id": acme.id} if act is membership_remove else {}
        act(actor=SYSTEM, person_id=alice.id, **where)
    assert signed_in.who(host(acme)) == NOBODY
    still = alice.email if reason == "membership_removed" else NOBODY
    assert signed_in.who(PUBLIC) == still
    ended = {r.tenant_id: r.revoked_reason for r in BrowserSession.objects.all()}
    assert ended == {None: "" if reason == "membership_removed" else reason, acme.id: reason}


def test_a_session_of_another_host_is_ended(signed_in: Browser, acme: Tenant) -> None:
    signed_in.on(host(acme)).cookies[settings.SESSION_COOKIE_NAME] = key_of(signed_in, PUBLIC)
    assert signed_in.who(host(acme)) == NOBODY
    assert BrowserSession.objects.get().revoked_reason == "signed_out"


def test_prune(client: Client, alice: Person) -> None:
    sign_in(client, alice)
    kept = BrowserSession.objects.get()
    BrowserSession.objects.create(
        person=alice, key_hash="x", expires_at=timezone.now() - timedelta(seconds=1)
    )
    assert prune() == 1
    assert list(BrowserSession.objects.all()) == [kept]


def test_command(client: Client, alice: Person, tokens: Any, published: Any) -> None:
    sign_in(client, alice)
    out = StringIO()
    call_command("accounts", "sign-out", "Alice@acme.test", "--reason", "lost phone", stdout=out)
    assert out.getvalue() == "alice@acme.test is signed out everywhere: 2 sign-ins ended.\n"
    assert BrowserSession.objects.get().revoked_reason == "signed_out_by_staff"
    assert TokenSession.objects.get().revoked_reason == "signed_out_by_staff"
    assert published()[-1].payload == {
        "person_id": str(alice.id),
        "reason": "signed_out_by_staff",
        "browser_count": 1,
        "api_count": 1,
        "note": "lost phone",
    }
    with pytest.raises(CommandError, match="Nobody has an account"):
        call_command("accounts", "sign-out", "nobody@acme.test")
