"""The workspace's webhook: where, signed how, and what becomes of failures."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.errors import InvalidInput, NotFound, PermissionDenied, ReauthenticationRequired
from apps.common.outbound import transport
from apps.common.proofs import Proof
from apps.events.models import OutboxEvent
from apps.notifications import webhook
from apps.notifications.enums import ChannelName, DeliveryState, Reason
from apps.notifications.handing_out import notification_hand_out
from apps.notifications.models import Delivery, Notification, WebhookTarget
from apps.notifications.sending import send_due
from apps.notifications.services import (
    webhook_remove,
    webhook_rotate,
    webhook_set,
    webhook_test_send,
)
from apps.notifications.webhook import NotTaken, secrets_open, signatures
from apps.tenants.models import Tenant
from tests.notifications.receivers import Receiver, receiving

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.com/wrapper"


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    with receiving() as made:
        settings.WEBHOOK_INTERNAL_HOSTS = [made.base.removeprefix("http://")]
        yield made


@pytest.fixture
def target(owner: Actor, receiver: Receiver) -> WebhookTarget:
    return webhook_set(actor=owner, url=receiver.url)[0]


def told(name: str) -> list[dict[str, Any]]:
    rows = OutboxEvent.objects.filter(name=f"notifications.webhook_{name}").order_by("position")
    return [one.payload for one in rows]


def export_ready() -> Notification:
    made = Notification.objects.create(
        kind="tenants.export_ready",
        event_id="0197c2a4-9b1d-7d4e-8a3f-2b1c0d9e8f7a",
        params={"secret": "of the event", "status": "ready"},
        actor_label="alice@acme.test",
    )
    assert notification_hand_out(notification_id=made.id)
    return made


def send() -> Delivery:
    send_due(ChannelName.WEBHOOK, at_most=5)
    return Delivery.objects.get(channel="webhook")


def test_a_vector_of_the_specification() -> None:
    """https://github.com/standard-webhooks/standard-webhooks, the tests of its libraries."""
    secret, message_id = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    found = signatures([secret], message_id, 1614265330, b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_set_once_and_change(owner: Actor) -> None:
    target, secret = webhook_set(actor=owner, url=f" {URL} ", categories=["plan", "people"])
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert secrets_open(target.secret_encrypted) == [secret]
    assert secret.encode() not in bytes(target.secret_encrypted)
    assert (target.url, target.categories, target.is_on) == (URL, ["people", "plan"], True)
    same, nothing = webhook_set(actor=owner, url=URL, categories=["plan", "people"])
    assert (same.id, nothing) == (target.id, "")
    webhook_set(actor=owner, url=URL, is_on=False)
    assert [(one["categories"], one["is_on"]) for one in told("set")] == [
        ("people plan", True),
        ("", False),
    ]
    webhook_remove(actor=owner)
    assert not WebhookTarget.objects.exists()
    with pytest.raises(NotFound):
        webhook_remove(actor=owner)


@pytest.mark.parametrize(
    "url",
    [
        *("http://hooks.example.com/", "https://127.0.0.1/", "https://169.254.169.254/latest/"),
        *("https://[::1]/", "https://10.0.0.1/", "https://user:pass@example.com/", "ftp://x.test/"),
        *("https://example.com:22/", "javascript:alert(1)", "", "https://[::ffff:127.0.0.1]/"),
    ],
)
def test_where_it_cannot_be(owner: Actor, url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        webhook_set(actor=owner, url=url)
    assert [one.attr for one in caught.value.errors] == ["url"]
    assert not WebhookTarget.objects.exists()


def test_who_may(owner: Actor, member: Actor) -> None:
    with pytest.raises(PermissionDenied):
        webhook_set(actor=member, url=URL)
    from dataclasses import replace

    with pytest.raises(ReauthenticationRequired):
        webhook_set(actor=replace(owner, proof=Proof()), url=URL)
    with pytest.raises(InvalidInput):
        webhook_set(actor=owner, url=URL, categories=["nonsense"])
    webhook_set(actor=owner, url=URL)
    for act in (webhook_rotate, webhook_remove):
        with pytest.raises(PermissionDenied):
            act(actor=member)


def test_it_is_posted_once_signed_and_without_the_payload(
    acme: Tenant, target: WebhookTarget, receiver: Receiver
) -> None:
    export_ready()
    row = send()
    assert (row.state, row.member_id, row.provider) == (DeliveryState.SENT, None, "webhook")
    ((headers, body),) = receiver.posts
    assert headers["webhook-id"] == str(row.id) == row.provider_key
    key = base64.b64decode(secrets_open(target.secret_encrypted)[0].removeprefix("whsec_"))
    signed = f"{row.id}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    said = json.loads(body)
    assert (said["type"], set(said)) == ("tenants.export_ready", {"type", "timestamp", "data"})
    assert said["data"] == {
        "category": "workspace",
        "urgency": "normal",
        "title": "The export of Acme is ready",
        "body": "It can be downloaded for some days.",
        "url": "http://acme.localhost:8000/settings/export/",
        "workspace": {"id": str(acme.id), "slug": "acme", "name": "Acme"},
    }
    send()
    assert len(receiver.posts) == 1


def test_categories_and_off(owner: Actor, receiver: Receiver) -> None:
    webhook_set(actor=owner, url=receiver.url, categories=["people"])
    export_ready()
    assert not Delivery.objects.filter(channel="webhook").exists()


def test_after_a_rotation_both_secrets_sign_for_a_day(
    owner: Actor, target: WebhookTarget, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = secrets_open(target.secret_encrypted)
    second = webhook_rotate(actor=owner)
    target.refresh_from_db()
    assert secrets_open(target.secret_encrypted) == [second, first]
    export_ready()
    send()
    assert receiver.posts[0][0]["webhook-signature"].count("v1,") == 2
    tomorrow = timezone.now() + timedelta(hours=25)
    monkeypatch.setattr(webhook.timezone, "now", lambda: tomorrow)
    assert secrets_open(target.secret_encrypted) == [second]


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
def test_whatever_is_not_taken_comes_again_with_the_same_id(
    acme: Tenant, target: WebhookTarget, receiver: Receiver, status: int
) -> None:
    receiver.status, receiver.headers = status, {"Retry-After": "120"}
    export_ready()
    row = send()
    assert (row.state, row.attempts) == (DeliveryState.PENDING, 1)
    assert row.due_at > timezone.now() + timedelta(seconds=100)
    target.refresh_from_db()
    assert target.failing_since is not None
    assert target.last_error == f"It answered with the status {status}."
    receiver.status = 200
    Delivery.objects.update(due_at=timezone.now())
    assert send().state == DeliveryState.SENT
    target.refresh_from_db()
    assert (target.failing_since, target.last_error) == (None, "")
    assert len({headers["webhook-id"] for headers, _body in receiver.posts}) == 1


def test_gone_turns_it_off_and_people_are_told(target: WebhookTarget, receiver: Receiver) -> None:
    receiver.status = 410
    export_ready()
    row = send()
    assert (row.state, row.reason) == (DeliveryState.FAILED, Reason.REFUSED)
    target.refresh_from_db()
    assert target.is_on is False
    assert told("disabled") == [
        {
            "webhook_id": str(target.id),
            "host": "127.0.0.1",
            "days": 0,
            "error": "It answered with the status 410.",
        }
    ]


def test_what_waits_when_it_is_turned_off_is_not_posted(
    owner: Actor, target: WebhookTarget, receiver: Receiver
) -> None:
    export_ready()
    webhook_set(actor=owner, url=receiver.url, is_on=False)
    row = send()
    assert (row.state, row.reason) == (DeliveryState.SKIPPED, Reason.WORKSPACE_OFF)
    assert receiver.posts == []


def test_after_days_of_failures_it_is_off_until_somebody_turns_it_on(
    owner: Actor, target: WebhookTarget, receiver: Receiver
) -> None:
    receiver.status = 500
    WebhookTarget.objects.update(failing_since=timezone.now() - timedelta(days=4, hours=23))
    export_ready()
    assert send().state == DeliveryState.PENDING
    WebhookTarget.objects.update(failing_since=timezone.now() - timedelta(days=5, minutes=1))
    Delivery.objects.update(due_at=timezone.now())
    assert send().state == DeliveryState.FAILED
    assert [one["days"] for one in told("disabled")] == [5]
    on, _secret = webhook_set(actor=owner, url=receiver.url)
    assert (on.is_on, on.failing_since, on.last_error) == (True, None, "")


def test_too_many_failures_spare_the_receiver(
    acme: Tenant, target: WebhookTarget, receiver: Receiver
) -> None:
    receiver.status = 500
    for _ in range(5):
        with pytest.raises(NotTaken):
            webhook.post(target, acme, "one", {})
    with pytest.raises(NotTaken) as caught:
        webhook.post(target, acme, "one", {})
    assert "failed too often" in caught.value.detail
    assert len(receiver.posts) == 5


def test_an_address_that_leads_inside_is_not_asked(
    owner: Actor, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "addresses_of", lambda _host, **_how: ["127.0.0.1"])
    target, _secret = webhook_set(actor=owner, url="https://inside.example.com/")
    with pytest.raises(NotTaken) as caught:
        webhook.post(target, acme, "one", {})
    assert caught.value.detail == "The address leads into a network that is not public."


def test_a_test(owner: Actor, member: Actor, acme: Tenant, receiver: Receiver) -> None:
    with pytest.raises(NotFound):
        webhook_test_send(actor=owner, tenant=acme)
    webhook_set(actor=owner, url=receiver.url)
    assert webhook_test_send(actor=owner, tenant=acme) == 204
    assert json.loads(receiver.posts[0][1])["type"] == "notifications.test"
    with pytest.raises(PermissionDenied):
        webhook_test_send(actor=member, tenant=acme)
