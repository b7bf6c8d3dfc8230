"""SMS by Twilio: sent, told of, stopped."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from apps.messaging.enums import Channel
from apps.messaging.errors import CannotTell, Refused, Suppressed, Unavailable
from apps.messaging.models import Suppression, TrackedEvent
from apps.messaging.providers.twilio import Twilio
from apps.messaging.senders import Sent, sms_find, sms_is_configured, sms_send
from apps.messaging.suppressions import suppressed, suppression_add
from apps.messaging.webhooks_sms import MAX_BODY_BYTES, signature
from apps.sandbox.messaging import keys, telling, twilio
from apps.sandbox.messaging.models import Mode, Outcome, Provider, Sms
from apps.sandbox.messaging.switches import switch
from tests.accounts.support import PUBLIC
from tests.conftest import SYSTEM
from tests.messaging.conftest import deliver_all

NUMBER = "+4930123456"
TENANT, DELIVERY = uuid.UUID(int=1), uuid.UUID(int=2)
METADATA = {"tenant_id": str(TENANT), "delivery_id": str(DELIVERY)}
Told = Callable[[], list[tuple[str, Any, dict[str, Any]]]]


def send(body: str = "Your code is 123456") -> Sent:
    return sms_send(to=NUMBER, body=body, metadata=METADATA)


@pytest.mark.django_db(transaction=True)
def test_there_and_back(platform: str, told: Told) -> None:
    sent = send()
    kept = Sms.objects.get()
    assert sent == Sent("twilio", kept.sid)
    assert (kept.to, kept.body, kept.key) == (NUMBER, "Your code is 123456", str(DELIVERY))
    assert deliver_all() == 2
    assert [
        (name, tenant, payload["kind"], payload["delivery_id"], payload["message_id"])
        for name, tenant, payload in told()
    ] == [
        ("messaging.sms_tracked", TENANT, "sent", str(DELIVERY), kept.sid),
        ("messaging.sms_tracked", TENANT, "delivered", str(DELIVERY), kept.sid),
    ]


@pytest.mark.django_db(transaction=True)
def test_no_such_number(platform: str, told: Told) -> None:
    switch(Provider.TWILIO, outcome=Outcome.BOUNCED)
    send()
    deliver_all()
    payload = [one for _name, _tenant, one in told()][1]
    assert (payload["kind"], payload["is_hard"], payload["reason"]) == ("bounced", True, "30005")
    assert suppressed(Channel.SMS, [NUMBER]) == {NUMBER: "bounced"}
    with pytest.raises(Suppressed):
        send()
    assert Sms.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_stop_and_start(platform: str, told: Told) -> None:
    twilio.reply(sender=NUMBER, to="+15005550006", body=" Stop ")
    deliver_all()
    assert suppressed(Channel.SMS, [NUMBER]) == {NUMBER: "unsubscribed"}
    with pytest.raises(Suppressed) as why:
        send()
    assert why.value.reason == "unsubscribed"
    twilio.reply(sender=NUMBER, to="+15005550006", body="What is this?")
    deliver_all()
    assert suppressed(Channel.SMS, [NUMBER]) != {}
    twilio.reply(sender=NUMBER, to="+15005550006", body="start")
    deliver_all()
    assert suppressed(Channel.SMS, [NUMBER]) == {}
    assert send().provider == "twilio"
    names = [name for name, _tenant, _payload in told()]
    assert names == ["messaging.address_suppressed", "messaging.suppression_lifted"]


@pytest.mark.django_db(transaction=True)
def test_a_stop_that_we_were_not_told_of(platform: str, quick: None) -> None:
    twilio.reply(sender=NUMBER, to="+15005550006", body="STOP")
    with pytest.raises(Suppressed):
        send()
    row = Suppression.objects.get()
    assert (row.reason, row.provider, row.hint) == ("unsubscribed", "twilio", "+49…56")
    # It answered: it is not away.
    assert Twilio.breaker.status().failed == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", [Mode.DOWN, Mode.THROTTLE, Mode.LOST])
def test_away(platform: str, quick: None, mode: Mode) -> None:
    switch(Provider.TWILIO, mode=mode, seconds=9)
    with pytest.raises(Unavailable) as away:
        send()
    assert away.value.retry_after_s == (9 if mode is Mode.THROTTLE else 30)
    for _ in range(2):
        with pytest.raises(Unavailable):
            send()
    assert Twilio.breaker.status().state == "open"


@pytest.mark.django_db(transaction=True)
def test_refused(platform: str, quick: None, settings: Any) -> None:
    with pytest.raises(Refused, match="21211"):
        sms_send(to="+4", body="x", metadata={})
    with pytest.raises(Refused, match="21617"):
        send("x" * 1601)
    assert Sms.objects.count() == 0
    settings.TWILIO_AUTH_TOKEN = "wrong"
    with pytest.raises(Unavailable, match="20003"):
        send()


def test_nobody_answers(nobody: None, quick: None, db: None) -> None:
    with pytest.raises(Unavailable):
        send()


def test_without_an_account(db: None) -> None:
    assert not sms_is_configured()
    with pytest.raises(Refused, match="No provider"):
        send()
    assert sms_find(to=NUMBER, body="x", since=timezone.now()) is None


@pytest.mark.django_db(transaction=True)
def test_suppressed_by_staff(platform: str) -> None:
    suppression_add(actor=SYSTEM, channel=Channel.SMS, address="+49 30 / 123 456", note="Asked us")
    with pytest.raises(Suppressed):
        send()


@pytest.mark.django_db(transaction=True)
def test_found_after_a_crash(platform: str, quick: None) -> None:
    began = timezone.now()
    assert sms_find(to=NUMBER, body="One", since=began) is None
    switch(Provider.TWILIO, mode=Mode.LOST, times=1)
    with pytest.raises(Unavailable):
        send("One")
    sid = Sms.objects.get().sid
    assert sms_find(to=NUMBER, body="One", since=began) == Sent("twilio", sid)
    assert sms_find(to=NUMBER, body="Two", since=began) is None
    assert sms_find(to="+4930999999", body="One", since=began) is None
    later = timezone.now() + timedelta(seconds=5)
    assert sms_find(to=NUMBER, body="One", since=later) is None
    switch(Provider.TWILIO, mode=Mode.SILENT)
    with pytest.raises(CannotTell):
        sms_find(to=NUMBER, body="One", since=began)


@pytest.fixture
def hooks(settings: Any, db: None) -> Client:
    settings.TWILIO_AUTH_TOKEN = keys.TWILIO_TOKEN
    return Client(HTTP_HOST=PUBLIC)


STATUS = f"/hooks/sms/twilio/status/?tenant_id={TENANT}&delivery_id={DELIVERY}"
REPLY = "/hooks/sms/twilio/reply/"
FORM = "application/x-www-form-urlencoded"
DELIVERED = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": NUMBER}


def post(
    client: Client, path: str, form: dict[str, str], *, given: str | None = None, at: str = ""
) -> Any:
    """Signed for the public address, however the client came here."""
    signed = telling.twilio_signature(f"http://localhost:8000{at or path}", form)
    header = signed if given is None else given
    headers = {"X-Twilio-Signature": header}
    return client.post(path, urlencode(form), headers=headers, content_type=FORM)


def test_the_signature_is_twilios() -> None:
    """The example of https://www.twilio.com/docs/usage/security."""
    form = {
        "CallSid": ["CA1234567890ABCDE"],
        "Caller": ["+12349013030"],
        "Digits": ["1234"],
        "From": ["+12349013030"],
        "To": ["+18005551212"],
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature(url, form, "12345") == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


def test_the_same_twice_is_once(hooks: Client, told: Told) -> None:
    assert [post(hooks, STATUS, DELIVERED).status_code for _ in range(2)] == [204, 204]
    assert len(told()) == 1
    assert told()[0][1] == TENANT


def test_forged(hooks: Client, told: Told) -> None:
    other = STATUS.replace(str(DELIVERY), str(uuid.UUID(int=3)))
    answers = [
        post(hooks, STATUS, DELIVERED, given=""),
        post(hooks, STATUS, DELIVERED, given="AAAA"),
        post(hooks, STATUS, DELIVERED, given="ümlaut".encode().decode("latin-1")),
        # What was signed for another delivery, or with other fields.
        post(hooks, STATUS, DELIVERED, at=other),
        post(
            hooks,
            STATUS,
            {**DELIVERED, "MessageStatus": "failed"},
            given=telling.twilio_signature(f"http://localhost:8000{STATUS}", DELIVERED),
        ),
        post(hooks, REPLY, {"MessageSid": "SM2", "From": NUMBER, "Body": "STOP"}, given="x"),
    ]
    assert [one.status_code for one in answers] == [400] * 6
    assert answers[0].json()["code"] == "invalid_signature"
    assert told() == []
    assert TrackedEvent.objects.count() == 0


def test_the_door(hooks: Client, settings: Any) -> None:
    for path in (STATUS, REPLY):
        assert hooks.get(path).status_code == 405
        assert hooks.post(path, b"{}", content_type="application/json").status_code == 415
        large = hooks.post(path, "x" * (MAX_BODY_BYTES + 1), content_type=FORM)
        assert large.status_code == 413
    settings.TWILIO_AUTH_TOKEN = ""
    assert post(hooks, STATUS, DELIVERED).status_code == 404


def test_what_is_not_followed(hooks: Client, told: Told) -> None:
    for word in ("queued", "sending", "accepted", "read", "nonsense", ""):
        assert post(hooks, STATUS, {**DELIVERED, "MessageStatus": word}).status_code == 204
    assert told() == []


def test_a_failure_because_of_stop(hooks: Client, told: Told) -> None:
    form = {**DELIVERED, "MessageStatus": "failed", "ErrorCode": "21610"}
    assert post(hooks, STATUS, form).status_code == 204
    assert suppressed(Channel.SMS, [NUMBER]) == {NUMBER: "unsubscribed"}


def test_a_number_that_is_none(hooks: Client, told: Told) -> None:
    form = {**DELIVERED, "MessageStatus": "undelivered", "ErrorCode": "30005", "To": "client:x"}
    assert post(hooks, STATUS, form).status_code == 400
    assert told() == []
    assert TrackedEvent.objects.count() == 0


def test_a_reply_again_after_start(hooks: Client) -> None:
    """Twilio tells an old STOP once more: what they said last stays."""
    stop = {"MessageSid": "SM1", "From": NUMBER, "Body": "STOP"}
    start = {"MessageSid": "SM2", "From": NUMBER, "Body": "Hello", "OptOutType": "START"}
    answers = [post(hooks, REPLY, form) for form in (stop, start, stop)]
    assert [one.status_code for one in answers] == [200] * 3
    assert answers[0].content == b"<Response/>"
    assert answers[0]["Content-Type"] == "text/xml"
    assert suppressed(Channel.SMS, [NUMBER]) == {}
