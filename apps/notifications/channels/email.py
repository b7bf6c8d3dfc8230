"""E-mail: to the member's address, by whichever provider the platform sends its mails."""

import uuid
from collections.abc import Sequence

from django.core.mail import EmailMultiAlternatives
from django.utils.translation import override

from apps.accounts.mailer import render_mail
from apps.messaging.senders import Sent, email_find, email_send
from apps.notifications.audiences import Reader
from apps.notifications.channels import Message
from apps.notifications.content import Content
from apps.tenants.models import Tenant

TEMPLATE = "emails/notifications/notification"


class EmailChannel:
    def reachable(self, readers: Sequence[Reader]) -> set[uuid.UUID]:
        return {one.member_id for one in readers if one.email}

    def send(self, message: Message) -> Sent:
        reader = _reader(message)
        mail = mail_of(message.content, message.tenant, reader.email, reader.language)
        mail.extra_headers["Message-ID"] = message_id(message.id, message.tenant)
        mail.metadata = {  # type: ignore[attr-defined]  # as anymail calls it
            "tenant_id": str(message.tenant.id),
            "delivery_id": str(message.id),
        }
        return email_send(mail)

    def find(self, message: Message) -> Sent | None:
        key = message_id(message.id, message.tenant)
        return email_find(key, to=_reader(message).email, since=message.since)


def mail_of(content: Content, tenant: Tenant, to: str, language: str) -> EmailMultiAlternatives:
    """In the workspace's colour and name. language: of what stands around the content."""
    with override(language):
        return render_mail(
            prefix=TEMPLATE,
            to=to,
            context={
                "tenant": tenant,
                "tenant_url": tenant.url(),
                "accent": tenant.accent_color,
                "content": content,
                "url": content.url,
            },
        )


def message_id(delivery_id: uuid.UUID, tenant: Tenant) -> str:
    """The same for each attempt (RFC 5322): a mailbox that gets it twice may show it once."""
    return f"<{delivery_id}@{tenant.host}>"


def _reader(message: Message) -> Reader:
    assert message.reader is not None  # noqa: S101 - only the webhook's has none
    return message.reader
