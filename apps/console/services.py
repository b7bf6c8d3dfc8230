"""Acts of staff that put services of several apps together."""

import uuid

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.accounts.selectors import token_sessions_of
from apps.accounts.services import email_request
from apps.accounts.token_sessions import token_session_revoke
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.errors import Conflict, NotFound


@transaction.atomic
def person_sessions_revoke(*, actor: Actor, person_id: uuid.UUID) -> int:
    """End every sign-in by API of a person; returns how many. Two statements and an event for each.

    Publishes accounts.token_session_revoked. Raises PermissionDenied, NotFound.
    """
    require_platform(actor)
    sessions = list(token_sessions_of(_person(person_id)))
    for session in sessions:
        token_session_revoke(actor=actor, session=session)
    return len(sessions)


@transaction.atomic
def verification_resend(*, actor: Actor, person_id: uuid.UUID) -> None:
    """Send the confirmation of an unverified address once more. Publishes accounts.email_requested.

    Raises PermissionDenied, NotFound, and Conflict when nothing is left to confirm.
    """
    require_platform(actor)
    person = _person(person_id)
    address = EmailAddress.objects.filter(
        user_id=person.id, email=person.email, verified=False
    ).first()
    if address is None or not person.is_active:
        raise Conflict(_("There is no address left to confirm."), code="nothing_to_verify")
    email_request(
        actor=actor,
        template="account/email/email_confirmation",
        email=address.email,
        person_id=person.id,
    )


def _person(person_id: uuid.UUID) -> Person:
    person = Person.objects.filter(id=person_id).first()
    if person is None:
        raise NotFound
    return person
