import smtplib
import uuid

import pytest
from allauth.account.models import EmailAddress
from celery.exceptions import Retry
from django.core import mail
from django.core.exceptions import ImproperlyConfigured

from apps.accounts import emails
from apps.accounts.mailer import render_mail
from apps.accounts.models import Person
from apps.accounts.tasks import send_email
from tests.accounts.support import html_of

pytestmark = pytest.mark.django_db
SIGNUP = "account/email/email_confirmation_signup"


def test_gone_or_verified_people_get_nothing(alice: Person) -> None:
    send_email(SIGNUP, "gone@example.com", str(uuid.uuid4()))
    send_email(SIGNUP, "gone@example.com", None)
    send_email(SIGNUP, alice.email, str(alice.id))
    send_email("account/email/password_reset_key", alice.email, str(uuid.uuid4()))
    send_email("account/email/unknown_account", alice.email, None)
    send_email("account/email/account_already_exists", "gone@example.com", None)
    assert mail.outbox == []


def test_unknown_template_is_a_defect() -> None:
    with pytest.raises(ImproperlyConfigured):
        send_email("account/email/../../secret", "a@b.c", None)


def test_smtp_trouble_is_retried(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    EmailAddress.objects.filter(user=alice).update(verified=False)
    calls = []

    def fail(*_args: object, **_kwargs: object) -> None:
        calls.append(1)
        raise smtplib.SMTPServerDisconnected

    monkeypatch.setattr("django.core.mail.EmailMessage.send", fail)
    monkeypatch.setattr(send_email, "retry", lambda **_kw: Retry())
    with pytest.raises(Retry):
        send_email(SIGNUP, alice.email, str(alice.id))
    assert calls == [1]
    assert (send_email.acks_late, send_email.max_retries) == (True, 12)


@pytest.mark.parametrize("template", sorted(emails.BUILDERS))
def test_every_mail_has_three_whole_parts_and_escapes(template: str) -> None:
    person = Person(email="dana@example.com", name="<b>Dana</b> Vos")
    context = {
        "person": person,
        "url": "http://localhost:8000/x?a=1&b=2",
        "reset_url": "u",
        "days": 3,
        "device": "<b>curl</b>",
    }
    message = render_mail(prefix=template, to="dana@example.com", context=context)
    html = html_of(message)
    assert message.subject
    assert "\n" not in message.subject
    assert "http://localhost:8000/x?a=1&b=2" in message.body
    assert 'href="http://localhost:8000/x?a=1&amp;b=2"' in html
    assert "<b>" not in html
    assert "<c-" not in html
    assert "{{" not in message.body + html
    if "Dana" in message.body:
        assert "Hello <b>Dana</b>," in message.body
    assert message.extra_headers == {"Auto-Submitted": "auto-generated"}
