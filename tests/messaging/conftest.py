"""The stand-ins for providers, over real HTTP and SMTP, and the platform beside them."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from asgiref.sync import sync_to_async
from django.core.mail import EmailMultiAlternatives
from django.db import connections
from django.utils import timezone

from apps.common.breakers import Breaker
from apps.events.models import OutboxEvent
from apps.messaging.providers.mailgun import Mailgun
from apps.messaging.providers.sendgrid import SendGrid
from apps.messaging.providers.smtp import Smtp
from apps.messaging.providers.twilio import Twilio
from apps.sandbox.messaging import keys, telling
from apps.sandbox.messaging.models import Telling
from apps.sandbox.smtp import Inbox
from tests.accounts.oidc.provider import serving
from tests.messaging.support import MAILGUN, NOBODY, SENDGRID

BREAKERS = ((Smtp, "smtp"), (SendGrid, "sendgrid"), (Mailgun, "mailgun"), (Twilio, "twilio"))


@pytest.fixture(scope="session")
def served() -> Iterator[str]:
    """Where the sandbox's pages are, and the platform's own."""
    with serving() as port:
        yield f"http://localhost:{port}"


@pytest.fixture
def platform(settings: Any, served: str, transactional_db: None) -> str:
    """Everything but SMTP is the sandbox's. E-mail goes by Mailgun, then by SendGrid."""
    settings.PUBLIC_URL = served
    settings.ANYMAIL = {
        **settings.ANYMAIL,
        "MAILGUN_API_KEY": keys.MAILGUN_KEY,
        "MAILGUN_API_URL": f"{served}/sandbox/mailgun/v3",
        "MAILGUN_SENDER_DOMAIN": keys.MAILGUN_DOMAIN,
        "MAILGUN_WEBHOOK_SIGNING_KEY": keys.MAILGUN_SIGNING_KEY,
        "SENDGRID_API_KEY": keys.SENDGRID_KEY,
        "SENDGRID_API_URL": f"{served}/sandbox/sendgrid/v3",
        "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": SENDGRID,
    }
    settings.EMAIL_PROVIDER, settings.EMAIL_FALLBACK_PROVIDER = MAILGUN, "sendgrid"
    settings.TWILIO_ACCOUNT_SID = keys.TWILIO_SID
    settings.TWILIO_AUTH_TOKEN = keys.TWILIO_TOKEN
    settings.TWILIO_SENDER = "+15005550006"
    settings.TWILIO_API_URL = f"{served}/sandbox/twilio"
    return served


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breakers of the tests' own that open after three failures."""
    for provider, name in BREAKERS:
        breaker = Breaker(f"tests.{name}", failures=3)
        monkeypatch.setattr(provider, "breaker", breaker)


@contextmanager
def smtp_running() -> Iterator[int]:
    """The sandbox's mail server on a free port."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(lambda: SMTP(Inbox(), loop=loop), "127.0.0.1", 0)
    )
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.run_until_complete(sync_to_async(connections.close_all)())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@pytest.fixture
def smtp(settings: Any, transactional_db: None) -> Iterator[int]:
    """E-mail goes by the sandbox's mail server, and by nothing else."""
    with smtp_running() as port:
        settings.EMAIL_PROVIDER, settings.EMAIL_FALLBACK_PROVIDER = "smtp", ""
        settings.EMAIL_SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        settings.EMAIL_TIMEOUT = 3
        yield port


@pytest.fixture
def nobody(settings: Any) -> None:
    """At every provider's address nobody answers."""
    settings.ANYMAIL = {
        **settings.ANYMAIL,
        "MAILGUN_API_KEY": "x",
        "MAILGUN_API_URL": NOBODY,
        "MAILGUN_SENDER_DOMAIN": "mg.test",
        "SENDGRID_API_KEY": "x",
        "SENDGRID_API_URL": NOBODY,
    }
    settings.TWILIO_ACCOUNT_SID = settings.TWILIO_AUTH_TOKEN = "x"
    settings.TWILIO_SENDER, settings.TWILIO_API_URL = "+15005550006", NOBODY


Mail = Callable[..., EmailMultiAlternatives]


@pytest.fixture
def mail() -> Mail:
    def make(
        to: str = "dana@example.com", message_id: str = "", **fields: Any
    ) -> EmailMultiAlternatives:
        message = EmailMultiAlternatives(
            "Hello", "Hello, Dana.\n", "Wrapper <no-reply@wrapper.test>", to=[to], **fields
        )
        message.attach_alternative("<p>Hello, Dana.</p>", "text/html")
        if message_id:
            message.extra_headers["Message-ID"] = message_id
        return message

    return make


@pytest.fixture
def told() -> Callable[[], list[tuple[str, Any, dict[str, Any]]]]:
    """What was published since: name, tenant and payload."""
    last = OutboxEvent.objects.order_by("-position").first()
    start = last.position if last else 0
    return lambda: list(
        OutboxEvent.objects.filter(position__gt=start)
        .order_by("position")
        .values_list("name", "tenant_id", "payload")
    )


def deliver_all() -> int:
    """What the stand-ins still have to tell, one after another, however late that would be."""
    count = 0
    while Telling.objects.filter(status="pending").exists():
        first = Telling.objects.filter(status="pending").order_by("created_at").first()
        assert first is not None
        first.next_at = timezone.now() - timedelta(days=1)
        first.save()
        count += telling.deliver_due(limit=1)
        assert count < 1000
    return count
