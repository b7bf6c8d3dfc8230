"""E-mail: to the member's address, by whichever provider the platform sends its mails."""

import uuid
from collections.abc import Sequence

from apps.accounts.mailer import render_mail
from apps.messaging.senders import Sent, email_find, email_send
from apps.notifications.audiences import Reader
from apps.notifications.channels import Message
from apps.tenants.models import Tenant

TEMPLATE = "emails/notifications/notification"


class EmailChannel:
    def reachable(self, readers: Sequence[Reader]) -> set[uuid.UUID]:
        return {one.member_id for one in readers if one.email}

    def send(self, message: Message) -> Sent:
        mail = render_mail(
            prefix=TEMPLATE,
            to=_reader(message).email,
            context={
                "tenant": message.tenant,
                "reader": message.reader,
                "kind": message.kind,
                "content": message.content,
                "url": message.content.url,
            },
        )
        mail.extra_headers["Message-ID"] = message_id(message.id, message.tenant)
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
