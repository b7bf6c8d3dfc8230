"""Signing in and up without pages: the same limits, the same silence about who has an account."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from apps.accounts import limits, services
from apps.accounts.errors import EmailNotVerified, InvalidCredentials, RateLimited
from apps.accounts.forms import ResetPasswordForm
from apps.accounts.models import Person
from apps.accounts.selectors import is_email_verified, person_actor, person_by_email
from apps.common.actors import Actor

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
        with transaction.atomic():
            form.save(request)
