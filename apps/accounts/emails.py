"""The mails of this app: who still needs one, and with which links. Runs in a worker."""

import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

import structlog
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from apps.accounts.devices import device_name
from apps.accounts.factors import factors_of
from apps.accounts.mailer import render_mail
from apps.accounts.models import BrowserSession, KnownDevice, Person
from apps.accounts.selectors import person_by_email, person_by_id
from apps.common.urls import public_url

log = structlog.get_logger(__name__)

Context = dict[str, Any]
# Given the address, the person's id and, where the mail is about something, its id. None: nobody needs this
# mail any more.
Builder = Callable[..., Context | None]


def _url(name: str, **kwargs: str) -> str:
    return public_url(reverse(name, urlconf=settings.PUBLIC_URLCONF, kwargs=kwargs))


def _active(person_id: uuid.UUID | None) -> Person | None:
    person = person_by_id(person_id) if person_id else None
    return person if person is not None and person.is_active else None


def _verification(email: str, person_id: uuid.UUID | None) -> Context | None:
    address = (
        EmailAddress.objects.filter(
            user_id=person_id, email=email, verified=False, user__is_active=True
        )
        .select_related("user")
        .first()
    )
    if address is None:
        return None
    return {
        "person": address.user,
        "url": _url("account_confirm_email", key=EmailConfirmationHMAC(address).key),
        "days": settings.ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS,
    }


def _password_reset(_email: str, person_id: uuid.UUID | None) -> Context | None:
    person = _active(person_id)
    if person is None:
        return None
    token = default_token_generator.make_token(person)
    return {
        "person": person,
        "url": _url(
            "account_reset_password_from_key", uidb36=user_pk_to_url_str(person), key=token
        ),
        "days": settings.PASSWORD_RESET_TIMEOUT // 86_400,
    }


def _account_exists(email: str, _person_id: uuid.UUID | None) -> Context | None:
    person = person_by_email(email)
    if person is None or not person.is_active:
        return None
    return {
        "person": person,
        "url": _url("account_login"),
        "reset_url": _url("account_reset_password"),
    }


def _account_unknown(email: str, _person_id: uuid.UUID | None) -> Context | None:
    return None if person_by_email(email) else {"url": _url("account_signup")}


def _password_notice(_email: str, person_id: uuid.UUID | None) -> Context | None:
    person = _active(person_id)
    return {"person": person, "url": _url("account_reset_password")} if person else None


def _new_device(
    _email: str, person_id: uuid.UUID | None, device_id: uuid.UUID | None = None
) -> Context | None:
    person = _active(person_id)
    if person is None or device_id is None:
        return None
    device = KnownDevice.objects.filter(id=device_id, person_id=person.id).first()
    if device is None:
        return None
    return {
        "person": person,
        "device": device_name(device.user_agent),
        "ip": device.ip or "",
        "seen_at": device.created_at.astimezone(zoneinfo.ZoneInfo(person.time_zone)),
        "url": _url("account_change_password"),
        "sessions_url": public_url("/account/sessions/"),
    }


def _support_access(
    _email: str, person_id: uuid.UUID | None, session_id: uuid.UUID | None = None
) -> Context | None:
    """Also of one that is over by now: they are to know."""
    person = _active(person_id)
    if person is None or session_id is None:
        return None
    session = (
        BrowserSession.objects.select_related("tenant", "impersonator")
        .filter(id=session_id, person_id=person.id, impersonator__isnull=False)
        .first()
    )
    if session is None:
        return None
    return {
        "person": person,
        "session": session,
        "ends_at": session.expires_at.astimezone(zoneinfo.ZoneInfo(person.time_zone)),
        "url": public_url("/account/sessions/"),
    }


def _social_notice(_email: str, person_id: uuid.UUID | None) -> Context | None:
    person = _active(person_id)
    return {"person": person, "url": _url("socialaccount_connections")} if person else None


def _factor_notice(_email: str, person_id: uuid.UUID | None) -> Context | None:
    person = _active(person_id)
    if person is None:
        return None
    return {
        "person": person,
        "url": public_url("/account/security/"),
        "codes_left": factors_of(person.id).codes_left,
    }


def _account_erased(_email: str, _person_id: uuid.UUID | None) -> Context | None:
    return {"url": _url("account_signup")}


BUILDERS: dict[str, Builder] = {
    "account/email/email_confirmation_signup": _verification,
    "account/email/email_confirmation": _verification,
    "account/email/password_reset_key": _password_reset,
    "account/email/account_already_exists": _account_exists,
    "account/email/unknown_account": _account_unknown,
    "account/email/password_reset": _password_notice,
    "account/email/password_changed": _password_notice,
    "account/email/new_device": _new_device,
    "account/email/support_access": _support_access,
    "account/email/social_connected": _social_notice,
    "account/email/social_disconnected": _social_notice,
    "account/email/factor_added": _factor_notice,
    "account/email/factor_removed": _factor_notice,
    "account/email/factors_reset": _factor_notice,
    "account/email/recovery_codes_generated": _factor_notice,
    "account/email/recovery_code_used": _factor_notice,
    "account/email/account_erased": _account_erased,
}


def require_known(template: str) -> None:
    """Raises ImproperlyConfigured for a mail that nobody wrote, before a worker would."""
    if template not in BUILDERS:
        raise ImproperlyConfigured(f"accounts sends no mail {template}")


def send_account_email(
    *, template: str, email: str, person_id: uuid.UUID | None, subject_id: uuid.UUID | None = None
) -> bool:
    """Build and send one mail; False when nobody needs it any more. Raises OSError (SMTP)."""
    require_known(template)
    about = [] if subject_id is None else [subject_id]
    context = BUILDERS[template](email, person_id, *about)
    if context is None:
        log.info("accounts.email_not_needed", template=template, person_id=str(person_id))
        return False
    render_mail(prefix=template, to=email, context=context).send()
    log.info("accounts.email_sent", template=template, person_id=str(person_id))
    return True
