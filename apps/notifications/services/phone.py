"""A member's number for text messages: theirs once they have typed the code that was sent there."""

import secrets
import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.debug import sensitive_variables

from apps.common import entitlements, flags
from apps.common.actors import Actor
from apps.common.crypto import decrypt, encrypt
from apps.common.errors import (
    Conflict,
    ImpersonationRefused,
    InvalidInput,
    NotFound,
    PermissionDenied,
    RateLimited,
)
from apps.common.ids import uuid7
from apps.common.origin import current_origin
from apps.common.rate_limits import Limit
from apps.events.services import publish
from apps.messaging.errors import Refused, Suppressed, Unavailable
from apps.messaging.senders import sms_is_configured, sms_send
from apps.notifications.entitlements import SMS
from apps.notifications.events import PhoneRemoved, PhoneVerified
from apps.notifications.flags import SMS_CODES
from apps.notifications.models import Phone
from apps.notifications.phone_numbers import number_digest, number_parse
from apps.notifications.sms_text import CODE_TEXT, segments_of
from apps.tenants.models import Tenant

CODE_S, CODE_TRIES, CODE_DIGITS = 600, 5, 6
HOUR_S, DAY_S = 3600, 24 * 3600
# A code costs, and somebody's telephone rings: by whom, to whom, from where, for whom.
BETWEEN = Limit("notifications.phone_between", at_most=1, window_s=30)
BY_MEMBER = Limit("notifications.phone_member", at_most=5, window_s=DAY_S)
BY_NUMBER = Limit("notifications.phone_number", at_most=5, window_s=DAY_S)
BY_ADDRESS = Limit("notifications.phone_address", at_most=20, window_s=HOUR_S)
BY_TENANT = Limit("notifications.phone_tenant", at_most=100, window_s=DAY_S)
NOT_NOW = gettext_lazy("No text message can be sent right now. Try again in a minute.")
TRIES_BY_MEMBER = Limit("notifications.phone_tries", at_most=20, window_s=DAY_S)


@sensitive_variables("code", "body")
def phone_code_send(*, actor: Actor, tenant: Tenant, number: str, language: str) -> Phone:
    """Send a code to a number, which replaces the one that the member had.

    The same answer whether or not the number is on the suppression list. Not inside a transaction. Raises
    PermissionDenied, InvalidInput, RateLimited, EntitlementExceeded, Conflict (nothing can be sent).
    """
    member_id = _member(actor)
    if not sms_is_configured():
        raise Conflict(_("No text messages are sent here."), code="sms_unavailable")
    if not flags.is_on(SMS_CODES, tenant=tenant, person_id=actor.person_id):
        raise Conflict(NOT_NOW, code="sms_unavailable")
    number = number_parse(number)
    _within_limits(member_id, number, tenant)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    with override(language):
        values = {"tenant": tenant.name[:40], "code": code, "minutes": CODE_S // 60}
        body = str(CODE_TEXT) % values
    with transaction.atomic():
        entitlements.record(tenant, SMS, key=f"code:{uuid7()}", amount=segments_of(body))
        phone, _is_new = Phone.objects.update_or_create(
            member_id=member_id,
            defaults={
                "number_encrypted": encrypt(number.encode()),
                "number_end": number[-4:],
                "verified_at": None,
                "code_digest": _digest(member_id, number, code),
                "code_expires_at": timezone.now() + timedelta(seconds=CODE_S),
                "code_tries": 0,
            },
        )
    try:
        sms_send(to=number, body=body, metadata={"tenant_id": str(tenant.id)})
    except Suppressed:
        # Whoever owns the number knows that they wrote STOP; nobody else learns it.
        pass
    except Refused as error:
        raise Conflict(_("The number takes no text messages."), code="number_refused") from error
    except Unavailable as error:
        raise Conflict(NOT_NOW, code="sms_unavailable") from error
    return phone


@sensitive_variables("code")
def phone_verify(*, actor: Actor, code: str) -> Phone:
    """Take the code that was sent. A wrong one is counted, whatever becomes of the request.

    Locks the number. Publishes notifications.phone_verified. Raises PermissionDenied, NotFound (no number,
    or it is verified), RateLimited, InvalidInput (wrong), Conflict (too late, or too often wrong).
    """
    member_id = _member(actor)
    if wait_s := TRIES_BY_MEMBER.consume(str(member_id)):
        raise RateLimited(wait_s)
    with transaction.atomic():
        phone = Phone.objects.select_for_update().filter(member_id=member_id).first()
        if phone is None or phone.code_expires_at is None:
            raise NotFound
        is_open = phone.code_expires_at > timezone.now() and phone.code_tries < CODE_TRIES
        is_right = is_open and _is_right(phone, code)
        if is_right:
            phone.verified_at, phone.code_digest, phone.code_expires_at = timezone.now(), "", None
            publish(PhoneVerified(member_id=member_id), actor=actor)
        elif is_open:
            phone.code_tries += 1
        phone.save(
            update_fields=[
                *("verified_at", "code_digest", "code_expires_at", "code_tries", "updated_at")
            ]
        )
    if is_right:
        return phone
    if is_open and phone.code_tries < CODE_TRIES:
        raise InvalidInput.field("code", _("This is not the code that was sent."), "code_wrong")
    raise Conflict(_("This code is good no more. Have another one sent."), code="code_over")


@transaction.atomic
def phone_remove(*, actor: Actor) -> None:
    """Forget the number; again is harmless. Publishes notifications.phone_removed for a verified one."""
    member_id = _member(actor)
    phone = Phone.objects.select_for_update().filter(member_id=member_id).first()
    if phone is None:
        return
    phone.delete()
    if phone.verified_at is not None:
        publish(PhoneRemoved(member_id=member_id), actor=actor)


def phone_of(actor: Actor) -> Phone | None:
    """The actor's own. One statement."""
    return Phone.objects.filter(member_id=actor.member_id).first() if actor.member_id else None


def _member(actor: Actor) -> uuid.UUID:
    if actor.member_id is None:
        raise PermissionDenied
    if actor.impersonator is not None:
        raise ImpersonationRefused
    return actor.member_id


def _within_limits(member_id: uuid.UUID, number: str, tenant: Tenant) -> None:
    """Raises RateLimited."""
    counted = [
        (BETWEEN, str(member_id)),
        (BY_MEMBER, str(member_id)),
        (BY_NUMBER, number_digest(number)),
        (BY_TENANT, str(tenant.id)),
    ]
    if address := current_origin().address:
        counted.append((BY_ADDRESS, address))
    for limit, key in counted:
        if wait_s := limit.consume(key):
            raise RateLimited(wait_s, _("Too many codes were asked for. Wait a little."))


def _digest(member_id: uuid.UUID, number: str, code: str) -> str:
    """Of six digits a plain hash would say which they are; this one needs our key too."""
    value = f"{member_id}:{number}:{code}"
    return salted_hmac("notifications.phone", value, algorithm="sha256").hexdigest()


def _is_right(phone: Phone, code: str) -> bool:
    number = decrypt(bytes(phone.number_encrypted)).decode()
    typed = "".join(code.split())
    return constant_time_compare(phone.code_digest, _digest(phone.member_id, number, typed))
