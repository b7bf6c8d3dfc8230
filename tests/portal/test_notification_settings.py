"""Words, webhook, phone, brand: the pages."""

import re
from typing import Any

import pytest
from django.core import mail

from apps.accounts.models import Person
from apps.common.tenancy import tenant_context
from apps.messaging import senders
from apps.notifications.models import Phone, TemplateOverride, WebhookTarget
from apps.tenants.models import Tenant
from tests.notifications.receivers import Texting
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.django_db
TEMPLATES = "/settings/notifications/templates/"
ONE = f"{TEMPLATES}organizations.member_joined/en/"
WEBHOOK = "/settings/notifications/webhook/"


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Any:
    return sign_in(alice, acme)


def test_the_list_says_where_words_are_own(client: Any, acme: Tenant) -> None:
    with tenant_context(acme):
        TemplateOverride.objects.create(
            kind="organizations.member_joined", language="de", title="x"
        )
    page = client.get(TEMPLATES).content.decode()
    assert page.count("Own words</a>") == 1
    assert "Somebody joined, German: own words" in page


def test_save_and_reset(client: Any, acme: Tenant) -> None:
    response = client.post(ONE, {"title": "Hi {{ email }}", "act": "save"})
    assert response["Location"] == ONE
    page = client.get(ONE).content.decode()
    assert "Hi dana@example.com" in page
    assert "Look at the member" in page
    client.post(f"{ONE}reset/")
    with tenant_context(acme):
        assert not TemplateOverride.objects.exists()


def test_what_is_wrong_stands_at_its_field(client: Any) -> None:
    response = client.post(ONE, {"title": "{{ nobody }}", "act": "save"})
    assert response.status_code == 422
    assert "There is no nobody here." in response.content.decode()


def test_the_preview_and_its_mail(client: Any, sign_in: SignIn, bob: Person, acme: Tenant) -> None:
    words = {"title": "<script>alert(1)</script>{{ email }}", "body": "One\n\nTwo"}
    page = client.post(f"{ONE}preview/", words, headers={"HX-Request": "true"}).content.decode()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;dana@example.com" in page
    (source,) = re.findall(r'<iframe[^>]* sandbox src="([^"]+)"', page)
    shown = client.get(source)
    assert "<script>" not in shown.content.decode()
    assert "<p>One</p>" in shown.content.decode()
    policy = shown["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "style-src 'unsafe-inline'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "script-src 'none'" in policy
    assert shown["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-src 'self'" in client.get(ONE)["Content-Security-Policy"]
    assert "frame-src" not in client.get(TEMPLATES)["Content-Security-Policy"]
    assert sign_in(bob, acme).get(source).status_code == 404
    broken = client.post(f"{ONE}preview/", {"title": "{{ nobody }}"}).content.decode()
    assert "Title: There is no nobody here." in broken


def test_a_test_mail_goes_to_oneself(client: Any, acme: Tenant) -> None:
    response = client.post(ONE, {"title": "Hi {{ email }}", "act": "test"})
    assert response.status_code == 200
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["alice@acme.test"], "Hi dana@example.com")
    with tenant_context(acme):
        assert not TemplateOverride.objects.exists()
    for _ in range(9):
        client.post(ONE, {"title": "Hi", "act": "test"})
    refused = client.post(ONE, {"title": "Hi", "act": "test"})
    assert refused.status_code == 422
    assert "Too many attempts." in refused.content.decode()
    assert len(mail.outbox) == 10


def test_the_webhooks_secret_is_shown_once(client: Any, acme: Tenant) -> None:
    data = {"url": "https://hooks.example.com/a", "is_on": "on", "categories": ["plan"]}
    page = client.post(WEBHOOK, data).content.decode()
    (secret,) = set(re.findall(r"whsec_[A-Za-z0-9+/=]{44}", page))
    assert secret not in client.get(WEBHOOK).content.decode()
    rotated = client.post(f"{WEBHOOK}rotate/").content.decode()
    assert secret not in rotated
    assert "whsec_" in rotated
    client.post(WEBHOOK, {**data, "categories": []})
    with tenant_context(acme):
        assert WebhookTarget.objects.get().categories == []
    client.post(f"{WEBHOOK}remove/")
    with tenant_context(acme):
        assert not WebhookTarget.objects.exists()
    response = client.post(WEBHOOK, {"url": "http://127.0.0.1/", "is_on": "on"})
    assert response.status_code == 422


def test_the_webhook_takes_a_recent_proof(browser: Any, alice: Person, acme: Tenant) -> None:
    from tests.accounts.support import force_sign_in

    late = browser(acme)
    force_sign_in(late, alice, acme, ago_s=3600)
    assert late.get(WEBHOOK).status_code == 302


def test_a_number_by_its_code(
    sign_in: SignIn, bob: Person, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(bob, acme)
    assert "No text messages are sent here" in client.get("/notifications/phone/").content.decode()
    texting = Texting()
    monkeypatch.setattr(senders, "sms_providers", lambda: [texting])
    assert client.post("/notifications/phone/", {"number": "12"}).status_code == 422
    client.post("/notifications/phone/", {"number": "+49 151 12345678"})
    assert "ends with 5678" in client.get("/notifications/phone/").content.decode()
    code = texting.took[0][1].split(": ")[1].split(".")[0]
    assert client.post("/notifications/phone/", {"code": "x"}).status_code == 422
    assert client.post("/notifications/phone/", {"code": code}).status_code == 302
    assert "Ends with 5678" in client.get("/notifications/phone/").content.decode()
    client.post("/notifications/phone/remove/")
    with tenant_context(acme):
        assert not Phone.objects.exists()


def test_a_link_of_a_text_message(
    client: Any, sign_in: SignIn, alice: Person, bob: Person, acme: Tenant
) -> None:
    from django.utils import timezone

    from apps.common.ids import uuid7
    from apps.notifications.models import Delivery, InboxItem, Notification
    from apps.notifications.sms_text import short_token
    from apps.organizations.models import Member

    with tenant_context(acme):
        member = Member.objects.get(person_id=alice.id)
        made = Notification.objects.create(kind="tenants.export_ready", event_id=uuid7())
        InboxItem.objects.create(notification=made, member=member)
        row = Delivery.objects.create(
            notification=made, member=member, channel="sms", reason="chosen", due_at=timezone.now()
        )
    link = f"/n/{short_token(row.id)}/"
    assert client.get(link)["Location"] == "/settings/export/"
    assert sign_in(bob, acme).get(link)["Location"] == "/notifications/"
    assert client.get("/n/x/").status_code == 404


def test_the_brand(client: Any, acme: Tenant) -> None:
    data = {"brand": "1", "accent_color": "#777", "mail_footer": "Acme Ltd"}
    refused = client.post("/settings/", data)
    assert refused.status_code == 422
    assert "the contrast is 4.4 to 1" in refused.content.decode()
    assert client.post("/settings/", {**data, "accent_color": "#1D4ED8"}).status_code == 302
    acme.refresh_from_db()
    assert (acme.accent_color, acme.mail_footer, acme.name) == ("#1d4ed8", "Acme Ltd", "Acme")


def test_the_language_of_mails(sign_in: SignIn, alice: Person) -> None:
    client = sign_in(alice)
    data = {"name": "Alice", "time_zone": "UTC", "language": "de"}
    assert client.post("/profile/", data).status_code == 302
    alice.refresh_from_db()
    assert alice.language == "de"
    assert client.post("/profile/", {**data, "language": "fr"}).status_code == 422
