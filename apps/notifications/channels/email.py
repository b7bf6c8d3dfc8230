"""E-mail: to the member's address, by whichever provider the platform sends its mails."""

import uuid
from collections.abc import Sequence

from django.utils.translation import override

from apps.accounts.mailer import render_mail
from apps.messaging.senders import Sent, email_find, email_send
from apps.notifications.audiences import Reader
from apps.notifications.channels import Message
from apps.notifications.unsubscribing import Link, unsubscribe_headers, unsubscribe_url
from apps.tenants.models import Tenant

NOTIFICATION, DIGEST = "emails/notifications/notification", "emails/notifications/digest"
PREFERENCES = "/notifications/preferences/"


class EmailChannel:
    def reachable(self, readers: Sequence[Reader]) -> set[uuid.UUID]:
        return {one.member_id for one in readers if one.email}

    def send(self, message: Message) -> Sent:
        reader = _reader(message)
        category = "" if message.parts else message.kind.category
        unsubscribe = unsubscribe_url(message.tenant, Link(reader.member_id, category))
        with override(reader.language):
            mail = render_mail(
                prefix=DIGEST if message.parts else NOTIFICATION,
                to=reader.email,
                context={
                    "tenant": message.tenant,
                    "reader": reader,
                    "kind": message.kind,
                    "content": message.content,
                    "message": message,
                    "url": message.content.url,
                    "unsubscribe_url": unsubscribe,
                    "preferences_url": message.tenant.url(PREFERENCES),
                },
            )
        mail.extra_headers["Message-ID"] = message_id(message.id, message.tenant)
        mail.extra_headers.update(unsubscribe_headers(unsubscribe))
        mail.metadata = {  # type: ignore[attr-defined]  # as anymail calls it
            "tenant_id": str(message.tenant.id),
            "delivery_id": str(message.id),
        }
        return email_send(mail)

    def find(self, message: Message) -> Sent | None:
        key = message_id(message.id, message.tenant)
        return email_find(key, to=_reader(message).email, since=message.since)


def message_id(delivery_id: uuid.UUID, tenant: Tenant) -> str:
    """The same for each attempt (RFC 5322): a mailbox that gets it twice may show it once."""
    return f"<{delivery_id}@{tenant.host}>"


def _reader(message: Message) -> Reader:
    assert message.reader is not None  # noqa: S101 - only the webhook's has none
    return message.reader
