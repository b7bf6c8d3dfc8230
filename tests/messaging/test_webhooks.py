"""What SendGrid and Mailgun tell: signed, once in effect, in any order, and nothing that is forged."""

import base64
import json
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from django.utils import timezone

from apps.common.actors import Actor
from apps.messaging.enums import Channel
from apps.messaging.models import Suppression, TrackedEvent
from apps.messaging.senders import email_send
from apps.messaging.suppressions import suppressed, suppression_lift
from apps.messaging.tracking import KEEP_DAYS, tracked_events_prune
from apps.messaging.webhooks import MAX_AGE_S, MAX_BODY_BYTES
from apps.sandbox.messaging import keys, telling
from apps.sandbox.messaging.models import Outcome, Provider, Telling
from apps.sandbox.messaging.switches import switch
from apps.tenants.models import Tenant
from tests.accounts.support import PUBLIC
from tests.conftest import SYSTEM
from tests.messaging.conftest import Mail, deliver_all
from tests.messaging.support import SENDGRID

TENANT, DELIVERY = uuid.UUID(int=1), uuid.UUID(int=2)
ID = "<delivery-1@wrapper.test>"
Told = Callable[[], list[tuple[str, Any, dict[str, Any]]]]


@pytest.fixture
def hooks(settings: Any, db: None) -> Client:
    settings.ANYMAIL = {
        **settings.ANYMAIL,
        "MAILGUN_WEBHOOK_SIGNING_KEY": keys.MAILGUN_SIGNING_KEY,
        "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": SENDGRID,
    }
    return Client(HTTP_HOST=PUBLIC)


def owed(provider: str, **data: Any) -> Telling:
    """What a provider has to tell of a mail that bounced."""
    metadata = {"tenant_id": str(TENANT), "delivery_id": str(DELIVERY)}
    if provider == "mailgun":
        found = {
            "id": f"event-{uuid.uuid4()}",
            "timestamp": time.time(),
            "event": "failed",
            "severity": "permanent",
            "reason": "bounce",
            "recipient": "Dana@Example.com",
            "delivery-status": {"code": 550, "message": "550 <dana@example.com>: no such user"},
            "message": {"headers": {"message-id": ID.strip("<>")}},
            "user-variables": metadata,
        }
    else:
        found = {
            "sg_event_id": f"event-{uuid.uuid4()}",
            "timestamp": int(time.time()),
            "event": "bounce",
            "type": "bounce",
            "email": "Dana@Example.com",
            "reason": "550 <dana@example.com>: no such user",
            "anymail_id": ID,
            **metadata,
        }
    return Telling(provider=provider, url=f"/hooks/email/{provider}/", told={**found, **data})


def post(client: Client, one: telling.Parcel, **changes: Any) -> int:
    body = changes.pop("body", one.body)
    headers = {name: value for name, value in one.headers.items() if name != "Content-Type"}
    response = client.post(
        one.url, body, content_type="application/json", headers={**headers, **changes}
    )
    return response.status_code


@pytest.mark.parametrize("provider", ["mailgun", "sendgrid"])
def test_a_hard_bounce(hooks: Client, told: Told, provider: str) -> None:
    assert post(hooks, telling.parcel(owed(provider))) == 200
    (tracked, suppressed_event) = told()
    occurred_at = tracked[2].pop("occurred_at")
    assert occurred_at.startswith(timezone.now().date().isoformat()[:4])
    assert tracked == (
        "messaging.email_tracked",
        TENANT,
        {
            "message_id": ID,
            "delivery_id": str(DELIVERY),
            "kind": "bounced",
            "provider": provider,
            "reason": "550 <…>: no such user",
            "is_hard": True,
        },
    )
    row = Suppression.objects.get()
    assert suppressed_event == (
        "messaging.address_suppressed",
        None,
        {
            "suppression_id": str(row.id),
            "channel": "email",
            "reason": "bounced",
            "provider": provider,
            "note": "",
        },
    )
    assert (row.hint, row.reason, row.provider) == ("d…@example.com", "bounced", provider)
    assert suppressed(Channel.EMAIL, ["dana@example.com"]) == {"dana@example.com": "bounced"}


@pytest.mark.parametrize("provider", ["mailgun", "sendgrid"])
def test_the_same_twice_is_once(hooks: Client, told: Told, provider: str) -> None:
    """Sent again as it was, and signed anew, as providers do at each attempt."""
    one = owed(provider)
    first = telling.parcel(one)
    assert [post(hooks, parcel) for parcel in (first, first, telling.parcel(one))] == [200] * 3
    assert len(told()) == 2
    assert TrackedEvent.objects.count() == 1


def test_a_token_of_mailguns_signs_one_event(hooks: Client, told: Told) -> None:
    """Its signature does not cover the event: who saw one could tell anything."""
    seen = telling.parcel(owed("mailgun"))
    assert post(hooks, seen) == 200
    forged = json.loads(seen.body)
    forged["event-data"] |= {"id": "another", "recipient": "eve@example.com"}
    assert post(hooks, seen, body=json.dumps(forged).encode()) == 200
    assert len(told()) == 2
    assert suppressed(Channel.EMAIL, ["eve@example.com"]) == {}


@pytest.mark.parametrize(
    ("provider", "data", "kind", "reason"),
    [
        ("mailgun", {"event": "delivered"}, "delivered", None),
        ("mailgun", {"severity": "temporary"}, "deferred", None),
        ("mailgun", {"reason": "old"}, "bounced", None),
        ("mailgun", {"event": "complained"}, "complained", "complained"),
        ("mailgun", {"event": "unsubscribed"}, "unsubscribed", "unsubscribed"),
        ("mailgun", {"reason": "suppress-bounce"}, "bounced", "bounced"),
        ("sendgrid", {"event": "delivered"}, "delivered", None),
        ("sendgrid", {"event": "deferred"}, "deferred", None),
        ("sendgrid", {"type": "blocked"}, "bounced", None),
        ("sendgrid", {"event": "spamreport"}, "complained", "complained"),
        ("sendgrid", {"event": "group_unsubscribe"}, "unsubscribed", "unsubscribed"),
        ("sendgrid", {"event": "dropped", "type": "", "reason": "x"}, "rejected", None),
    ],
)
def test_what_is_told(
    hooks: Client, told: Told, provider: str, data: dict[str, Any], kind: str, reason: str | None
) -> None:
    assert post(hooks, telling.parcel(owed(provider, **data))) == 200
    assert told()[0][2]["kind"] == kind
    found = [one.reason for one in Suppression.objects.all()]
    assert found == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("Bounced Address", "bounced"),
        ("Spam Reporting Address", "complained"),
        ("Unsubscribed Address", "unsubscribed"),
    ],
)
def test_who_is_on_sendgrids_own_list_comes_on_ours(hooks: Client, word: str, reason: str) -> None:
    one = owed("sendgrid", event="dropped", reason=word)
    del one.told["type"]
    assert post(hooks, telling.parcel(one)) == 200
    assert Suppression.objects.get().reason == reason


@pytest.mark.parametrize(
    ("provider", "word"),
    [
        *(("mailgun", word) for word in ("opened", "clicked", "accepted", "nonsense")),
        *(("sendgrid", word) for word in ("open", "click", "processed", "nonsense")),
    ],
)
def test_what_is_not_followed(hooks: Client, told: Told, provider: str, word: str) -> None:
    assert post(hooks, telling.parcel(owed(provider, event=word))) == 200
    assert told() == []
    assert TrackedEvent.objects.count() == 0


def test_mails_of_no_tenant(hooks: Client, told: Told) -> None:
    data: dict[str, Any] = {"user-variables": {"tenant_id": "nobody's", "delivery_id": [1]}}
    assert post(hooks, telling.parcel(owed("mailgun", **data))) == 200
    assert told()[0][1:2] == (None,)
    assert told()[0][2]["delivery_id"] is None


def test_out_of_order(hooks: Client, acme: Tenant, staff: Any) -> None:
    """A bounce of before somebody lifted the address does not bring it back; a later one does."""
    before = time.time() - 600
    assert post(hooks, telling.parcel(owed("mailgun"))) == 200
    row = Suppression.objects.get()
    suppression_lift(
        actor=Actor.staff(staff.id, staff.email), suppression_id=row.id, note="A new mailbox"
    )
    assert post(hooks, telling.parcel(owed("mailgun", timestamp=before))) == 200
    assert suppressed(Channel.EMAIL, ["dana@example.com"]) == {}
    assert post(hooks, telling.parcel(owed("mailgun", timestamp=time.time() + 1))) == 200
    assert suppressed(Channel.EMAIL, ["dana@example.com"]) == {"dana@example.com": "bounced"}
    assert Suppression.objects.count() == 1


def test_delivered_after_the_bounce_changes_nothing(hooks: Client) -> None:
    assert post(hooks, telling.parcel(owed("sendgrid"))) == 200
    late = owed("sendgrid", event="delivered", timestamp=int(time.time()) - 60)
    assert post(hooks, telling.parcel(late)) == 200
    assert suppressed(Channel.EMAIL, ["dana@example.com"]) == {"dana@example.com": "bounced"}


def test_subscribed_again(hooks: Client, told: Told) -> None:
    """Their own word is taken back; a bounce is not."""
    assert post(hooks, telling.parcel(owed("sendgrid", event="group_unsubscribe"))) == 200
    assert post(hooks, telling.parcel(owed("sendgrid", event="group_resubscribe"))) == 200
    assert suppressed(Channel.EMAIL, ["dana@example.com"]) == {}
    assert [name for name, _tenant, _payload in told()][-1] == "messaging.suppression_lifted"
    # Its clock has whole seconds.
    later = int(time.time()) + 1
    assert post(hooks, telling.parcel(owed("sendgrid", timestamp=later))) == 200
    assert post(hooks, telling.parcel(owed("sendgrid", event="group_resubscribe"))) == 200
    assert suppressed(Channel.EMAIL, ["dana@example.com"]) == {"dana@example.com": "bounced"}


def test_a_batch_of_sendgrids(hooks: Client, told: Told) -> None:
    """All of it can be read, or none of it has an effect."""
    good = [owed("sendgrid", event="delivered").told for _ in range(3)]
    assert post(hooks, batch(good)) == 200
    assert len(told()) == 3
    assert post(hooks, batch([owed("sendgrid").told, {"event": "bounce"}])) == 400
    assert len(told()) == 3


def batch(events: list[dict[str, Any]]) -> telling.Parcel:
    body, now = json.dumps(events).encode(), str(int(time.time()))
    key = keys.sendgrid_signing_key()
    signature = key.sign(now.encode() + body, ec.ECDSA(hashes.SHA256()))
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": now,
    }
    return telling.Parcel(uuid.uuid4(), "/hooks/email/sendgrid/", headers, body)


@pytest.mark.parametrize("provider", ["mailgun", "sendgrid"])
def test_forged(hooks: Client, told: Told, provider: str, settings: Any) -> None:
    one = telling.parcel(owed(provider))
    body = json.loads(one.body)
    if provider == "mailgun":
        body["signature"]["signature"] = "0" * 64
        unsigned = {**body, "signature": {}}
    else:
        body[0]["email"] = "eve@example.com"
        unsigned = body
    assert post(hooks, one, body=json.dumps(body).encode()) == 400
    assert post(hooks, one, body=json.dumps(unsigned).encode()) == 400
    bare = telling.Parcel(one.id, one.url, {}, json.dumps(unsigned).encode())
    assert post(hooks, bare) == 400
    assert told() == []
    assert TrackedEvent.objects.count() == 0
    settings.ANYMAIL = {**settings.ANYMAIL, "WEBHOOK_SECRET": ["user:password"]}
    assert post(hooks, telling.parcel(owed(provider))) == 400
    assert (
        post(hooks, telling.parcel(owed(provider)), Authorization="Basic dXNlcjpwYXNzd29yZA==")
        == 200
    )


@pytest.mark.parametrize("provider", ["mailgun", "sendgrid"])
@pytest.mark.parametrize("age_s", [MAX_AGE_S + 60, -600])
def test_signed_too_long_ago_or_in_the_future(
    hooks: Client, told: Told, provider: str, age_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = time.time() - age_s
    monkeypatch.setattr(telling.time, "time", lambda: then)
    one = telling.parcel(owed(provider))
    monkeypatch.undo()
    assert post(hooks, one) == 400
    assert told() == []


@pytest.mark.parametrize("provider", ["mailgun", "sendgrid"])
def test_what_is_no_event(hooks: Client, told: Told, provider: str) -> None:
    """Signed as it should be, and nonsense inside."""
    for nonsense in ({}, {"event": 7, "timestamp": "x"}, {"event": []}):
        one = owed(provider)
        one.told = nonsense
        assert post(hooks, telling.parcel(one)) == 400
    url = f"/hooks/email/{provider}/"
    for body in (b"{", b"[]", b"null", b"\xff", b"[" * 100_000):
        assert hooks.post(url, body, content_type="application/json").status_code == 400
    assert told() == []


@pytest.mark.parametrize("provider", ["mailgun", "sendgrid"])
def test_the_door(hooks: Client, settings: Any, provider: str) -> None:
    url = f"/hooks/email/{provider}/"
    assert hooks.head(url).status_code == 200
    assert hooks.get(url).status_code == 405
    assert hooks.post(url, {"event": "failed"}).status_code == 415
    large = hooks.post(url, b"x" * (MAX_BODY_BYTES + 1), content_type="application/json")
    assert (large.status_code, large.json()["code"]) == (413, "too_large")
    settings.ANYMAIL = {
        **settings.ANYMAIL,
        "MAILGUN_WEBHOOK_SIGNING_KEY": "",
        "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": "",
    }
    assert hooks.post(url, b"{}", content_type="application/json").status_code == 404
    assert hooks.head(url).status_code == 404


def test_not_on_a_tenants_host(hooks: Client, acme: Tenant) -> None:
    client = Client(HTTP_HOST=f"acme.{PUBLIC}")
    response = client.post("/hooks/email/mailgun/", b"{}", content_type="application/json")
    assert response.status_code == 404


def test_what_is_not_told_again_is_forgotten(hooks: Client) -> None:
    assert post(hooks, telling.parcel(owed("mailgun"))) == 200
    assert tracked_events_prune(actor=SYSTEM) == 0
    TrackedEvent.objects.update(received_at=timezone.now() - timedelta(days=KEEP_DAYS + 1))
    assert tracked_events_prune(actor=SYSTEM) == 1
    assert Suppression.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("provider", ["mailgun", "sendgrid"])
def test_there_and_back(
    platform: str, told: Told, mail: Mail, settings: Any, provider: str
) -> None:
    """Sent over HTTP, bounced by the stand-in, told over HTTP, and not sent again."""
    settings.EMAIL_PROVIDER = provider
    switch(Provider(provider), outcome=Outcome.COMPLAINED)
    message = mail(message_id=ID)
    metadata = {"tenant_id": str(TENANT), "delivery_id": str(DELIVERY)}
    message.metadata = metadata  # type: ignore[attr-defined]
    email_send(message)
    assert deliver_all() == 2
    assert list(Telling.objects.values_list("status", flat=True)) == ["taken", "taken"]
    tracked = [
        (tenant, payload["kind"], payload["delivery_id"], payload["message_id"])
        for name, tenant, payload in told()
        if name == "messaging.email_tracked"
    ]
    assert tracked == [
        (TENANT, "delivered", str(DELIVERY), ID),
        (TENANT, "complained", str(DELIVERY), ID),
    ]
    assert suppressed(Channel.EMAIL, ["dana@example.com"]) == {"dana@example.com": "complained"}


@pytest.mark.django_db(transaction=True)
def test_a_stand_in_tells_again_until_it_is_heard(platform: str, mail: Mail, settings: Any) -> None:
    email_send(mail())
    Telling.objects.update(url=f"{platform}/nowhere/")
    assert telling.deliver_due() == 1
    one = Telling.objects.get()
    assert (one.status, one.attempts) == ("pending", ["404"])
    assert telling.deliver_due() == 0
    deliver_all()
    assert Telling.objects.get().status == "given_up"
    assert requests.get(f"{platform}/sandbox/senders/counts/", timeout=10).json()["sms"] == {}
