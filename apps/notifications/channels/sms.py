"""Text messages: to members with a verified number, as many as the plan includes, few to one number."""

import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from apps.common import entitlements
from apps.common.crypto import decrypt
from apps.common.entitlements import EntitlementExceeded
from apps.common.rate_limits import Limit
from apps.messaging.senders import Sent, sms_find, sms_is_configured, sms_send
from apps.notifications.audiences import Reader
from apps.notifications.channels import Message, Skipped
from apps.notifications.entitlements import SMS
from apps.notifications.enums import Reason
from apps.notifications.models import Phone
from apps.notifications.phone_numbers import number_digest
from apps.notifications.sms_text import segments_of, short_token, sms_text

DAY_S = 24 * 3600


class SmsChannel:
    def reachable(self, readers: Sequence[Reader]) -> set[uuid.UUID]:
        if not sms_is_configured():
            return set()
        found = Phone.objects.filter(
            member_id__in=[one.member_id for one in readers], verified_at__isnull=False
        )
        return set(found.values_list("member_id", flat=True))

    def send(self, message: Message) -> Sent:
        """Raises Skipped besides: the number is gone, or a cap is reached."""
        number, body = _number(message), body_of(message)
        _count(message, number, body)
        return sms_send(
            to=number,
            body=body,
            metadata={"tenant_id": str(message.tenant.id), "delivery_id": str(message.id)},
        )

    def find(self, message: Message) -> Sent | None:
        return sms_find(to=_number(message), body=body_of(message), since=message.since)


def body_of(message: Message) -> str:
    """The link is the message's own, so that no other has the same text."""
    link = message.tenant.url(f"/n/{short_token(message.id)}/")
    return sms_text(message.tenant.name, message.content.title, link)


def _number(message: Message) -> str:
    assert message.reader is not None  # noqa: S101 - only the webhook's has none
    phone = Phone.objects.filter(
        member_id=message.reader.member_id, verified_at__isnull=False
    ).first()
    if phone is None:
        raise Skipped(Reason.NO_ADDRESS)
    return decrypt(bytes(phone.number_encrypted)).decode()


def _count(message: Message, number: str, body: str) -> None:
    """Once for each delivery, however often it is tried. Raises Skipped, and has counted nothing."""
    a_day = Limit("notifications.sms", settings.NOTIFICATIONS_SMS_PER_DAY, DAY_S)
    try:
        with transaction.atomic():
            is_new = entitlements.record(
                message.tenant, SMS, key=str(message.id), amount=segments_of(body)
            )
            if is_new and a_day.consume(number_digest(number)):
                raise Skipped(Reason.CAP_REACHED, "as many as one number gets in a day")
    except EntitlementExceeded as error:
        raise Skipped(Reason.CAP_REACHED, str(error.detail)) from error
