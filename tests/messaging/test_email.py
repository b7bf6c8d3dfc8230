"""Sending e-mail over real HTTP and SMTP: by the first provider, by the second, by none."""

import pickle
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone

from apps.messaging.backend import EmailBackend
from apps.messaging.enums import Channel
from apps.messaging.errors import CannotTell, Refused, Suppressed, Unavailable
from apps.messaging.providers import http
from apps.messaging.providers.mailgun import Mailgun
from apps.messaging.senders import Sent, email_find, email_send
from apps.messaging.suppressions import suppression_add
from apps.sandbox.messaging.models import Mode, Provider
from apps.sandbox.messaging.switches import switch
from apps.sandbox.models import Email
from tests.conftest import SYSTEM
from tests.messaging.conftest import Mail
from tests.messaging.support import let_time_pass

pytestmark = pytest.mark.django_db(transaction=True)
ID = "<delivery-1@wrapper.test>"


def kept() -> list[tuple[str, str]]:
    return list(Email.objects.order_by("id").values_list("provider", "message_id"))


@pytest.mark.parametrize("provider", ["mailgun", "sendgrid"])
def test_by_http(platform: str, settings: Any, mail: Mail, provider: str) -> None:
    settings.EMAIL_PROVIDER = provider
    message = mail(message_id=ID, cc=["cc@example.com"], reply_to=["help@wrapper.test"])
    message.metadata = {"tenant_id": "t", "delivery_id": "d"}  # type: ignore[attr-defined]
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    assert email_send(message) == Sent(provider, ID)
    found = Email.objects.get()
    assert (found.provider, found.message_id, found.subject) == (provider, ID, "Hello")
    assert found.recipients == ["dana@example.com", "cc@example.com"]
    assert found.text.strip() == "Hello, Dana."
    assert found.html.strip() == "<p>Hello, Dana.</p>"
    assert found.metadata.items() >= {"tenant_id": "t", "delivery_id": "d"}.items()
    assert b"Auto-Submitted: auto-generated" in bytes(found.raw)


def test_by_smtp(smtp: int, mail: Mail) -> None:
    assert email_send(mail(message_id=ID)) == Sent("smtp", ID)
    assert kept() == [("smtp", ID)]


def test_without_an_id_it_gets_one_and_stays_as_it_was(platform: str, mail: Mail) -> None:
    message = mail()
    sent = email_send(message)
    assert kept() == [("mailgun", sent.provider_message_id)]
    assert sent.provider_message_id.endswith("@localhost>")
    assert message.extra_headers == {}


def test_an_id_in_other_letters_is_an_id(platform: str, mail: Mail) -> None:
    message = mail()
    message.extra_headers["Message-Id"] = ID
    assert email_send(message).provider_message_id == ID
    assert kept() == [("mailgun", ID)]


@pytest.mark.parametrize("mode", [Mode.DOWN, Mode.THROTTLE])
def test_the_second_steps_in(platform: str, quick: None, mail: Mail, mode: Mode) -> None:
    switch(Provider.MAILGUN, mode=mode, seconds=7)
    assert email_send(mail(message_id=ID)) == Sent("sendgrid", ID)
    assert kept() == [("sendgrid", ID)]


def test_the_second_steps_in_where_nobody_answers(
    platform: str, quick: None, settings: Any, mail: Mail
) -> None:
    settings.ANYMAIL = {**settings.ANYMAIL, "MAILGUN_API_URL": "http://127.0.0.1:9/v3"}
    assert email_send(mail(message_id=ID)).provider == "sendgrid"


def test_the_second_steps_in_for_a_wrong_key(
    platform: str, quick: None, settings: Any, mail: Mail
) -> None:
    settings.ANYMAIL = {**settings.ANYMAIL, "MAILGUN_API_KEY": "wrong"}
    assert email_send(mail(message_id=ID)).provider == "sendgrid"


def test_a_refusal_of_the_message_is_final(platform: str, quick: None, mail: Mail) -> None:
    switch(Provider.MAILGUN, mode=Mode.REFUSE)
    with pytest.raises(Refused, match="as the sandbox was told"):
        email_send(mail())
    assert kept() == []


def test_what_no_provider_takes_is_refused_before_it_is_sent(platform: str, mail: Mail) -> None:
    with pytest.raises(Refused):
        email_send(mail(to="not an address"))
    assert kept() == []


def test_both_are_away(platform: str, quick: None, mail: Mail) -> None:
    switch(Provider.MAILGUN, mode=Mode.THROTTLE, seconds=7)
    switch(Provider.SENDGRID, mode=Mode.DOWN)
    with pytest.raises(Unavailable) as away:
        email_send(mail())
    assert away.value.retry_after_s == 7
    assert "429" in away.value.detail
    assert "503" in away.value.detail


def test_nobody_answers_anywhere(nobody: None, quick: None, settings: Any, mail: Mail) -> None:
    settings.EMAIL_PROVIDER, settings.EMAIL_FALLBACK_PROVIDER = "mailgun", "sendgrid"
    with pytest.raises(Unavailable) as away:
        email_send(mail())
    assert away.value.retry_after_s == http.RETRY_AFTER_S


def test_a_slow_one_is_cut_off(
    platform: str, quick: None, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it does afterwards nobody knows: here it takes the mail too, by the same Message-ID."""
    monkeypatch.setattr(Mailgun, "upstream", replace(Mailgun.upstream, total_s=0.5))
    switch(Provider.MAILGUN, mode=Mode.SLOW, seconds=1)
    began = time.monotonic()
    assert email_send(mail(message_id=ID)).provider == "sendgrid"
    assert time.monotonic() - began < 1
    deadline = time.monotonic() + 10
    while len(kept()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sorted(kept()) == [("mailgun", ID), ("sendgrid", ID)]


def test_a_minute_of_outage_loses_nothing(platform: str, quick: None, mail: Mail) -> None:
    """The breaker opens, the second takes over, and the first has its mail back when it is there again."""
    ids = [f"<outage-{number}@wrapper.test>" for number in range(12)]
    switch(Provider.MAILGUN, mode=Mode.DOWN)
    by = [email_send(mail(message_id=one)).provider for one in ids[:8]]
    assert by == ["sendgrid"] * 8
    status = Mailgun.breaker.status()
    # Three were tried; the other five did not wait for it.
    assert (status.state, status.failed) == ("open", 3)
    switch(Provider.MAILGUN)
    let_time_pass(Mailgun.breaker)
    by = [email_send(mail(message_id=one)).provider for one in ids[8:]]
    assert by == ["mailgun"] * 4
    assert Mailgun.breaker.status().state == "closed"
    assert sorted(message_id for _provider, message_id in kept()) == sorted(ids)


@pytest.mark.parametrize(
    ("mode", "error"),
    [(Mode.DOWN, Unavailable), (Mode.THROTTLE, Unavailable), (Mode.REFUSE, Refused)],
)
def test_a_mail_server_says_no(
    smtp: int, quick: None, mail: Mail, mode: Mode, error: type[Exception]
) -> None:
    switch(Provider.SMTP, mode=mode)
    with pytest.raises(error):
        email_send(mail())
    assert kept() == []


def test_a_mail_server_is_away(smtp: int, quick: None, settings: Any, mail: Mail) -> None:
    settings.EMAIL_PORT = 9
    with pytest.raises(Unavailable, match="refused"):
        email_send(mail())


def test_not_inside_a_transaction(platform: str, mail: Mail) -> None:
    with pytest.raises(RuntimeError, match="inside a transaction"), transaction.atomic():
        email_send(mail())
    assert kept() == []


def test_the_suppressed_are_left_out(platform: str, mail: Mail) -> None:
    suppression_add(
        actor=SYSTEM, channel=Channel.EMAIL, address="DANA@example.com", note="Asked us"
    )
    with pytest.raises(Suppressed) as why:
        email_send(mail())
    assert why.value.reason == "manual"
    message = mail(cc=["Eve <eve@example.com>"], bcc=["dana@example.com"])
    email_send(message)
    assert Email.objects.get().recipients == ["eve@example.com"]
    assert message.to == ["dana@example.com"]


def test_found_after_a_crash(platform: str, quick: None, settings: Any, mail: Mail) -> None:
    began = timezone.now() - timedelta(minutes=15)
    asked = {"to": "dana@example.com", "since": began}
    for provider in ("mailgun", "sendgrid"):
        settings.EMAIL_PROVIDER, settings.EMAIL_FALLBACK_PROVIDER = provider, ""
        name = f"<{provider}@wrapper.test>"
        assert email_find(name, **asked) is None  # type: ignore[arg-type]
        switch(Provider(provider), mode=Mode.LOST)
        with pytest.raises(Unavailable):
            email_send(mail(message_id=name))
        switch(Provider(provider))
        assert email_find(name, **asked) == Sent(provider, name)  # type: ignore[arg-type]
    settings.EMAIL_PROVIDER, settings.EMAIL_FALLBACK_PROVIDER = "mailgun", "sendgrid"
    assert email_find("<sendgrid@wrapper.test>", **asked) == Sent(  # type: ignore[arg-type]
        "sendgrid", "<sendgrid@wrapper.test>"
    )


def test_nobody_can_tell(platform: str, settings: Any) -> None:
    asked = {"to": "dana@example.com", "since": timezone.now()}
    settings.EMAIL_PROVIDER, settings.EMAIL_FALLBACK_PROVIDER = "sendgrid", ""
    switch(Provider.SENDGRID, mode=Mode.SILENT)
    with pytest.raises(CannotTell, match="403"):
        email_find(ID, **asked)  # type: ignore[arg-type]
    switch(Provider.SENDGRID, mode=Mode.DOWN)
    with pytest.raises(Unavailable):
        email_find(ID, **asked)  # type: ignore[arg-type]
    with pytest.raises(CannotTell, match="quotation"):
        email_find(ID, to='"dana"@example.com', since=timezone.now())
    settings.ANYMAIL = {
        **settings.ANYMAIL,
        "SENDGRID_API_URL": "https://api.eu.sendgrid.com/v3",
    }
    with pytest.raises(CannotTell, match="European"):
        email_find(ID, **asked)  # type: ignore[arg-type]
    settings.EMAIL_PROVIDER = "smtp"
    with pytest.raises(CannotTell):
        email_find(ID, **asked)  # type: ignore[arg-type]


def test_djangos_backend(platform: str, quick: None, mail: Mail) -> None:
    backend = EmailBackend()
    assert backend.send_messages([mail(), mail()]) == 2
    suppression_add(actor=SYSTEM, channel=Channel.EMAIL, address="dana@example.com", note="x")
    assert backend.send_messages([mail()]) == 0
    switch(Provider.MAILGUN, mode=Mode.REFUSE)
    with pytest.raises(Refused):
        backend.send_messages([mail(to="eve@example.com")])
    assert EmailBackend(fail_silently=True).send_messages([mail(to="eve@example.com")]) == 0
    assert Email.objects.count() == 2


def test_unavailable_is_what_tasks_retry() -> None:
    assert issubclass(Unavailable, OSError)
    assert not issubclass(Refused, OSError)
    assert not issubclass(Suppressed, OSError)
    away = pickle.loads(pickle.dumps(Unavailable("429", 7)))
    assert (str(away), away.detail, away.retry_after_s) == ("429", "429", 7)
    assert pickle.loads(pickle.dumps(Suppressed("bounced"))).reason == "bounced"


def test_in_tests_it_lands_in_djangos_outbox(mail: Mail, mailoutbox: list[Any]) -> None:
    """Who asks a sender by name needs no stand-in either."""
    sent = email_send(mail(message_id=ID))
    assert sent == Sent("smtp", ID)
    assert [(one.to, one.extra_headers) for one in mailoutbox] == [
        (["dana@example.com"], {"Message-ID": ID})
    ]


def test_platform_mail_goes_by_it(platform: str, settings: Any) -> None:
    """By Django's setting, which every sender of mail reads."""
    settings.EMAIL_BACKEND = "apps.messaging.backend.EmailBackend"
    EmailMultiAlternatives("Hello", "Hello.", to=["dana@example.com"]).send()
    assert Email.objects.get().provider == "mailgun"
