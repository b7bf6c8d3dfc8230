"""Acts of staff that put services of several apps together."""

import uuid

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.accounts.services import email_request
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.errors import Conflict, NotFound


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
