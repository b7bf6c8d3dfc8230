"""A sign-in from a device that is not known yet is told to the person."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.utils import timezone

from apps.accounts import known_devices
from apps.accounts.models import KnownDevice, Person
from apps.accounts.tasks import prune_sessions, send_email
from apps.tenants.models import Tenant
from tests.accounts.support import PUBLIC, html_of, mails_after_drain, post_json, sign_in
from tests.accounts.test_handoff import Browser, enter_url
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
COOKIE = "device"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def browser(**headers: str) -> Client:
    return Client(HTTP_HOST=PUBLIC, **headers)  # type: ignore[arg-type]


def by_api(person: Person, user_agent: str, ip: str = "192.0.2.7", **headers: str) -> None:
    body = {"email": person.email, "password": PASSWORD}
    client = Client(HTTP_HOST=PUBLIC, HTTP_USER_AGENT=user_agent, REMOTE_ADDR=ip)
    assert post_json(client, "/api/v1/auth/token/", body, **headers).status_code == 200


def seen(published: Any) -> list[tuple[str, bool]]:
    return [
        (event.payload["kind"], event.payload["is_first"])
        for event in published()
        if event.name == "accounts.device_first_seen"
    ]


def test_the_first_device_of_all_sends_nothing(alice: Person, published: Any) -> None:
    sign_in(browser(), alice)
    assert seen(published) == [("browser", True)]
    assert mails_after_drain() == []


def test_a_second_browser_is_told_of(alice: Person, published: Any) -> None:
    sign_in(browser(), alice)
    sign_in(browser(HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="198.51.100.4"), alice)
    assert seen(published) == [("browser", True), ("browser", False)]
    event = [e for e in published() if e.name == "accounts.device_first_seen"][-1]
    device = KnownDevice.objects.latest("created_at")
    assert event.payload == {
        "person_id": str(alice.id),
        "device_id": str(device.id),
        "kind": "browser",
        "is_first": False,
    }
    assert (device.user_agent, device.ip) == (FIREFOX, "198.51.100.4")
    [message] = mails_after_drain()
    assert (message.to, message.subject) == ([alice.email], "A new sign-in to your account")
    for text in ("Firefox on Linux", "198.51.100.4", f"{device.created_at:%Y, %H:%M} (UTC)"):
        assert text in str(message.body)
        assert text in html_of(message)
    assert f"http://{PUBLIC}/accounts/password/change/" in str(message.body)
    assert f"http://{PUBLIC}/account/sessions/" in str(message.body)


def test_a_browser_is_known_again(alice: Person, bob: Person, published: Any) -> None:
    client = browser()
    for person in (alice, bob, alice, bob):
        sign_in(client, person)
        client.post("/accounts/logout/")
    # Bob's first is his first, though Alice used the same browser before.
    assert seen(published) == [("browser", True)] * 2
    assert KnownDevice.objects.count() == 2
    assert KnownDevice.objects.values("mark").distinct().count() == 1


def test_the_cookie(alice: Person, settings: Any) -> None:
    client = browser()
    client.get("/accounts/login/")
    assert COOKIE not in client.cookies
    sign_in(client, alice)
    cookie = client.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", "")
    assert (cookie["max-age"], cookie["domain"], cookie["path"]) == (400 * 86_400, "", "/")
    token = cookie.value.rpartition(":")[0]
    assert len(token) == 43
    assert KnownDevice.objects.filter(mark__contains=token).count() == 0
    settings.SESSION_COOKIE_SECURE = True
    secure = browser(HTTP_USER_AGENT="x")
    sign_in(secure, alice)
    assert secure.cookies["__Host-device"]["secure"] is True


@pytest.mark.parametrize("forged", ["", "x" * 43, "x" * 43 + ":" + "y" * 43, "\x00:é"])
def test_a_forged_cookie_names_nothing(alice: Person, published: Any, forged: str) -> None:
    sign_in(browser(), alice)
    client = browser()
    client.cookies[COOKIE] = forged
    sign_in(client, alice)
    assert seen(published) == [("browser", True), ("browser", False)]
    assert client.cookies[COOKIE].value != forged


def test_a_workspace_is_no_device_of_its_own(alice: Person, acme: Tenant, published: Any) -> None:
    walker = Browser()
    sign_in(walker.on(PUBLIC), alice)
    assert walker.get(enter_url(walker, acme)).status_code == 302
    assert seen(published) == [("browser", True)]


def test_a_failed_sign_in_is_no_device(alice: Person, published: Any) -> None:
    client = browser()
    client.post("/accounts/login/", {"login": alice.email, "password": "wrong wrong"})
    assert KnownDevice.objects.count() == 0
    assert COOKIE not in client.cookies


@pytest.mark.parametrize(
    ("user_agent", "ip", "known"),
    [
        ("okhttp/4.12.0", "192.0.2.7", True),
        ("okhttp/5.1.0", "192.0.2.200", True),  # an update, and another address of the network
        ("okhttp/4.12.0", "198.51.100.7", False),
        ("curl/8.5.0", "192.0.2.7", False),
        ("okhttp/4.12.0", "2001:db8:1::7", False),
    ],
)
def test_clients_of_the_api(
    alice: Person, published: Any, user_agent: str, ip: str, known: bool
) -> None:
    by_api(alice, "okhttp/4.12.0")
    by_api(alice, user_agent, ip)
    assert seen(published) == [("api", True), *([] if known else [("api", False)])]
    assert len(mails_after_drain()) == (0 if known else 1)


def test_networks_of_version_6(alice: Person, published: Any) -> None:
    for ip in ("2001:db8:1::7", "2001:db8:1:ffff::8"):
        by_api(alice, "okhttp/4.12.0", ip)
    assert seen(published) == [("api", True)]


def test_mails_that_nobody_needs(alice: Person, bob: Person) -> None:
    sign_in(browser(), bob)
    for subject in (None, str(uuid.uuid4()), str(KnownDevice.objects.get().id)):
        send_email(known_devices.MAIL, alice.email, str(alice.id), subject)
    assert mail.outbox == []


def test_prune_keeps_the_latest(alice: Person) -> None:
    now = timezone.now()
    ages = {"new": 1, "old": 401, "older": 500}
    for mark, days in ages.items():
        KnownDevice.objects.create(person=alice, mark=mark, last_used_at=now - timedelta(days=days))
    assert prune_sessions() == 2
    assert list(KnownDevice.objects.values_list("mark", flat=True)) == ["new"]
    KnownDevice.objects.update(last_used_at=now - timedelta(days=500))
    assert prune_sessions() == 0
    assert settings.CELERY_BEAT_SCHEDULE["accounts-prune-sessions"]["schedule"] == 3600.0
