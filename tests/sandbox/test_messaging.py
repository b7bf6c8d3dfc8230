"""The stand-ins for providers: their pages, their switches, and what they count."""

import json
from base64 import b64encode
from typing import Any

import pytest
from django.test import Client

from apps.sandbox.messaging import keys
from apps.sandbox.messaging.models import Mode, Outcome, Provider, ProviderSwitch, Sms, Telling
from apps.sandbox.messaging.switches import Behaviour, behaviour, switch
from apps.sandbox.models import Email
from tests.accounts.support import PUBLIC
from tests.portal.pages import read

pytestmark = pytest.mark.django_db
MESSAGES = f"/sandbox/mailgun/v3/{keys.MAILGUN_DOMAIN}/messages"
TWILIO = f"/sandbox/twilio/2010-04-01/Accounts/{keys.TWILIO_SID}/Messages.json"
NUMBER = "+4930123456"


@pytest.fixture
def client(world: object) -> Client:
    return Client(HTTP_HOST=PUBLIC)


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


MAILGUN_AUTH = basic("api", keys.MAILGUN_KEY)
TWILIO_AUTH = basic(keys.TWILIO_SID, keys.TWILIO_TOKEN)


def mail(client: Client, **changes: str) -> Any:
    form = {
        "from": "Wrapper <no-reply@wrapper.test>",
        "to": "dana@example.com",
        "subject": "Hello",
        "text": "Hello, Dana.",
        "h:Message-Id": "<1@wrapper.test>",
        **changes,
    }
    return client.post(MESSAGES, form, headers=MAILGUN_AUTH)


def sms(client: Client, **changes: str) -> Any:
    callback = "http://localhost:8000/hooks/sms/twilio/status/?delivery_id=7"
    form = {"To": NUMBER, "From": "+1500", "Body": "Hi", "StatusCallback": callback, **changes}
    return client.post(TWILIO, form, headers=TWILIO_AUTH)


def test_switches_are_counted_down() -> None:
    assert behaviour(Provider.MAILGUN) == Behaviour()
    switch(Provider.MAILGUN, mode=Mode.DOWN, times=2, outcome=Outcome.BOUNCED)
    modes = [behaviour(Provider.MAILGUN).mode for _ in range(3)]
    assert modes == [Mode.DOWN, Mode.DOWN, Mode.WORKS]
    assert behaviour(Provider.MAILGUN).outcome is Outcome.BOUNCED
    switch(Provider.MAILGUN, mode=Mode.DOWN)
    assert {behaviour(Provider.MAILGUN).mode for _ in range(5)} == {Mode.DOWN}
    assert behaviour(Provider.SENDGRID) == Behaviour()


def test_the_page_switches(client: Client) -> None:
    page = client.get("/sandbox/senders/")
    assert read(page.content).check() == []
    given = {"provider": "mailgun", "mode": "down", "outcome": "delivered", "times": ""}
    assert client.post("/sandbox/senders/", given)["Location"] == "/sandbox/senders/"
    one = ProviderSwitch.objects.get()
    assert (one.provider, one.mode, one.times, one.seconds) == ("mailgun", "down", 0, 5)
    page = client.get("/sandbox/senders/")
    assert "down: 503" in page.content.decode()
    wrong = client.post("/sandbox/senders/", {**given, "mode": "nonsense"})
    assert wrong.status_code == 422
    assert read(wrong.content).check() == []


def test_programs_switch(client: Client) -> None:
    def post(body: Any) -> Any:
        return client.post("/sandbox/senders/control/", body, content_type="application/json")

    assert post({"provider": "twilio", "mode": "throttle", "seconds": 0}).json() == {}
    one = ProviderSwitch.objects.get()
    assert (one.mode, one.seconds) == ("throttle", 0)
    assert post({"provider": "twilio"}).status_code == 200
    assert ProviderSwitch.objects.get().mode == "works"
    for wrong in ({"provider": "pigeons"}, {}, [], {"provider": "smtp", "times": -1}):
        assert post(wrong).status_code == 400
    assert client.get("/sandbox/senders/control/").status_code == 405


def test_mailgun_refuses_as_mailgun_does(client: Client) -> None:
    assert client.post(MESSAGES, {}).status_code == 401
    other = MESSAGES.replace(keys.MAILGUN_DOMAIN, "other.test")
    assert client.post(other, {}, headers=MAILGUN_AUTH).status_code == 404
    assert mail(client, to="").status_code == 400
    assert mail(client, to="nobody").status_code == 400
    assert mail(client, text="").status_code == 400
    assert Email.objects.count() == 0
    assert mail(client).json() == {"id": "<1@wrapper.test>", "message": "Queued. Thank you."}


def test_sendgrid_refuses_as_sendgrid_does(client: Client) -> None:
    url, auth = "/sandbox/sendgrid/v3/mail/send", {"Authorization": f"Bearer {keys.SENDGRID_KEY}"}

    def post(body: Any, headers: dict[str, str] = auth) -> Any:
        return client.post(url, body, content_type="application/json", headers=headers)

    good = {
        "personalizations": [{"to": [{"email": "dana@example.com"}]}],
        "from": {"email": "no-reply@wrapper.test"},
        "subject": "Hello",
        "content": [{"type": "text/plain", "value": "Hello."}],
    }
    assert post(good, {}).status_code == 401
    for wrong in ({}, [], {**good, "subject": ""}, {**good, "personalizations": []}):
        answer = post(wrong)
        assert answer.status_code == 400
        assert answer.json()["errors"]
    assert Email.objects.count() == 0
    taken = post(good)
    assert (taken.status_code, taken.content) == (202, b"")
    assert taken["X-Message-Id"] == Email.objects.get().provider_id


def test_twilio_refuses_as_twilio_does(client: Client) -> None:
    assert client.post(TWILIO, {}).json()["code"] == 20003
    codes = [
        sms(client, To="12").json()["code"],
        sms(client, Body="").json()["code"],
        sms(client, From="").json()["code"],
        sms(client, Body="x" * 1601).json()["code"],
    ]
    assert codes == [21211, 21602, 21603, 21617]
    assert Sms.objects.count() == 0
    made = sms(client)
    assert (made.status_code, made.json()["status"]) == (201, "queued")


def test_what_came_twice_is_counted(client: Client) -> None:
    for _ in range(2):
        mail(client)
        sms(client)
    mail(client, **{"h:Message-Id": "<2@wrapper.test>"})
    assert client.get("/sandbox/senders/counts/").json() == {
        "email": {"<1@wrapper.test>": 2, "<2@wrapper.test>": 1},
        "sms": {"7": 2},
    }


def test_the_inbox_shows_them(client: Client) -> None:
    mail(client, html="<p>Hello</p>")
    page = client.get("/sandbox/inbox/")
    assert read(page.content).check() == []
    assert "by Mailgun" in page.content.decode()
    (one,) = client.get("/sandbox/inbox/", headers={"Accept": "application/json"}).json()["results"]
    assert (one["provider"], one["message_id"]) == ("mailgun", "<1@wrapper.test>")


def test_sms_page_and_answers(client: Client) -> None:
    empty = client.get("/sandbox/sms/")
    assert "No SMS yet" in empty.content.decode()
    assert read(empty.content).check() == []
    sms(client, Body="Your code is 123456")
    answered = client.post("/sandbox/sms/", {"sender": NUMBER, "body": "STOP"})
    assert answered["Location"] == "/sandbox/sms/"
    page = client.get("/sandbox/sms/")
    assert read(page.content).check() == []
    assert "Your code is 123456" in page.content.decode()
    listed = client.get("/sandbox/sms/", {"to": NUMBER}, headers={"Accept": "application/json"})
    assert [one["body"] for one in listed.json()["results"]] == ["Your code is 123456"]
    reply = Sms.objects.get(is_reply=True)
    assert (reply.sender, reply.to, reply.body) == (NUMBER, "+1500", "STOP")
    owed = Telling.objects.latest("id")
    assert owed.url == "http://localhost:8000/hooks/sms/twilio/reply/"
    assert json.loads(json.dumps(owed.told))["Body"] == "STOP"
    assert sms(client).json()["code"] == 21610
    assert client.post("/sandbox/sms/", {"sender": "", "body": ""}).status_code == 422
