"""E-mail: to the member's address, by whichever provider the platform sends its mails."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.utils.translation import override

from apps.accounts.mailer import render_mail
from apps.messaging.senders import Sent, email_find, email_send
from apps.notifications.audiences import Reader
from apps.notifications.channels import Message
from apps.notifications.content import Content
from apps.notifications.unsubscribing import Link, unsubscribe_headers, unsubscribe_url
from apps.tenants.models import Tenant

NOTIFICATION, DIGEST = "emails/notifications/notification", "emails/notifications/digest"
PREFERENCES = "/notifications/preferences/"


class EmailChannel:
    def reachable(self, readers: Sequence[Reader]) -> set[uuid.UUID]:
        return {one.member_id for one in readers if one.email}

    def send(self, message: Message) -> Sent:
        reader, tenant = _reader(message), message.tenant
        category = "" if message.parts else message.kind.category
        unsubscribe = unsubscribe_url(tenant, Link(reader.member_id, category))
        mail = mail_of(
            message.content,
            tenant,
            reader.email,
            reader.language,
            prefix=DIGEST if message.parts else NOTIFICATION,
            message=message,
            unsubscribe_url=unsubscribe,
            preferences_url=tenant.url(PREFERENCES),
        )
        mail.extra_headers["Message-ID"] = message_id(message.id, tenant)
        mail.extra_headers.update(unsubscribe_headers(unsubscribe))
        mail.metadata = {  # type: ignore[attr-defined]  # as anymail calls it
            "tenant_id": str(tenant.id),
            "delivery_id": str(message.id),
        }
        return email_send(mail)

    def find(self, message: Message) -> Sent | None:
        key = message_id(message.id, message.tenant)
        return email_find(key, to=_reader(message).email, since=message.since)


def mail_of(
    content: Content,
    tenant: Tenant,
    to: str,
    language: str,
    *,
    prefix: str = NOTIFICATION,
    **values: Any,
) -> EmailMultiAlternatives:
    """In the workspace's colour and name. language: of what stands around the content. values: further ones
    of the template; without `unsubscribe_url` there is no link to it, as in a preview.
    """
    with override(language):
        return render_mail(
            prefix=prefix,
            to=to,
            context={
                "tenant": tenant,
                "tenant_url": tenant.url(),
                "accent": tenant.accent_color,
                "content": content,
                "url": content.url,
                **values,
            },
        )


def message_id(delivery_id: uuid.UUID, tenant: Tenant) -> str:
    """The same for each attempt (RFC 5322): a mailbox that gets it twice may show it once."""
    return f"<{delivery_id}@{tenant.host}>"


def _reader(message: Message) -> Reader:
    assert message.reader is not None  # noqa: S101 - only the webhook's has none
    return message.reader
