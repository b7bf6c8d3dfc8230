"""Signing in and up without pages: the same limits, the same silence about who has an account."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from apps.accounts import limits, services
from apps.accounts.enums import SignInMethod
from apps.accounts.errors import (
    EmailNotVerified,
    InvalidCredentials,
    MfaCodeInvalid,
    MfaCodeRequired,
)
from apps.accounts.factors import factors_of, recovery_code_note_use
from apps.accounts.forms import ResetPasswordForm
from apps.accounts.methods import METHOD_OF_TYPE
from apps.accounts.models import Person
from apps.accounts.selectors import is_email_verified, person_actor, person_by_email
from apps.common.actors import Actor
from apps.common.errors import RateLimited
from apps.common.urls import public_urls

LOCKED = "too_many_login_attempts"


def person_authenticate(request: HttpRequest, *, email: str, password: str) -> Person:
    """The active person with a verified address whom the password proves.

    An unverified one gets the mail again. Raises InvalidCredentials (in constant work),
    EmailNotVerified, RateLimited.
    """
    limits.consume(request, "login")
    adapter: Any = get_adapter()
    try:
        person = adapter.authenticate(request, email=email, password=password)
    except ValidationError as error:
        if error.code != LOCKED:
            raise
        raise RateLimited(
            limits.retry_after_s(request, "login_failed", key=email), adapter.error_messages[LOCKED]
        ) from error
    if not isinstance(person, Person) or not person.is_active:
        raise InvalidCredentials
    if not is_email_verified(person):
        if limits.is_let_through(request, "confirm_email", key=person.email):
            with transaction.atomic():
                services.email_request(
                    actor=person_actor(person),
                    template="account/email/email_confirmation",
                    email=person.email,
                    person_id=person.id,
                )
        raise EmailNotVerified
    return person


def person_sign_up(request: HttpRequest, *, name: str, email: str, password: str) -> None:
    """Register a person, or tell the one who has the address; the caller cannot tell which.

    Publishes accounts.person_registered and accounts.email_requested. Raises RateLimited.
    """
    limits.consume(request, "signup")
    if person_by_email(email) is None:
        try:
            _register(name=name, email=email, password=password)
        except (IntegrityError, ValidationError):
            # Taken since the check, or input that the model refuses.
            if person_by_email(email) is None:
                raise
        else:
            return
    else:
        # As long as a new account takes.
        Person().set_password(password)
    if limits.is_let_through(request, "confirm_email", key=email):
        with transaction.atomic():
            services.email_request(
                actor=Actor.system("sign-up"),
                template="account/email/account_already_exists",
                email=email,
                person_id=None,
            )


@transaction.atomic
def _register(*, name: str, email: str, password: str) -> None:
    actor = Actor.system("sign-up")
    person = services.person_register(actor=actor, name=name, email=email, password=password)
    services.email_request(
        actor=actor,
        template="account/email/email_confirmation_signup",
        email=person.email,
        person_id=person.id,
    )


def password_reset_request(request: HttpRequest, *, email: str) -> None:
    """Mail a reset link, or word that there is no account. Raises RateLimited."""
    limits.consume(request, "reset_password", key=email)
    form = ResetPasswordForm({"email": email})
    if form.is_valid():
        with transaction.atomic(), public_urls():
            form.save(request)


def second_factor_prove(request: HttpRequest, *, person: Person, code: str) -> SignInMethod:
    """Check a code of the person's authenticator app, or a recovery code; each is good once.

    Counts by account and by network address, as the pages do, and as passwords are.
    Publishes accounts.recovery_code_used. Raises MfaCodeInvalid, RateLimited.
    """
    key = limits.second_factor_key(person.pk)
    limits.consume(request, "login_failed", key=key)
    held = Authenticator.objects.filter(user_id=person.pk)
    for factor in held.exclude(type=Authenticator.Type.WEBAUTHN).order_by("-type"):
        if factor.wrap().validate_code(code):
            factor.record_usage()
            limits.clear(request, "login_failed", key=key)
            method = METHOD_OF_TYPE[Authenticator.Type(factor.type)]
            if method == SignInMethod.RECOVERY_CODE:
                recovery_code_note_use(actor=person_actor(person), person_id=person.id)
            return method
    raise MfaCodeInvalid


def methods_prove(request: HttpRequest, *, person: Person, mfa_code: str = "") -> set[str]:
    """What a person whose password was right has proved, with the second factor that they need.

    Raises MfaCodeRequired, MfaCodeInvalid, RateLimited. One statement and those of the code.
    """
    methods: set[str] = {SignInMethod.PASSWORD}
    if mfa_code:
        methods.add(second_factor_prove(request, person=person, code=mfa_code))
    elif factors_of(person.id).is_enabled:
        raise MfaCodeRequired
    return methods
