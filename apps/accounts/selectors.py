"""Reads of people and their memberships. Their sign-ins are in `session_list`."""

import uuid

from allauth.account.models import EmailAddress
from django.db.models import QuerySet

from apps.accounts.managers import normalize_email
from apps.accounts.models import Erasure, Person, TenantMembership
from apps.common.actors import Actor, ActorKind
from apps.common.database import system_connection


def person_actor(person: Person) -> Actor:
    """A person who acts on the public site, in no tenant."""
    return Actor(ActorKind.PERSON, person.email, person_id=person.id)


def person_by_email(email: str) -> Person | None:
    return Person.objects.filter(email=normalize_email(email)).first()


def person_by_id(person_id: uuid.UUID) -> Person | None:
    return Person.objects.filter(id=person_id).first()


def is_email_verified(person: Person) -> bool:
    """Whether the address that the person signs in with is verified. One statement."""
    return EmailAddress.objects.filter(
        user_id=person.id, email=person.email, verified=True
    ).exists()


def erasures_unfinished() -> QuerySet[Erasure]:
    return Erasure.objects.filter(finished_at=None).order_by("id")


def memberships_of(person: Person) -> QuerySet[TenantMembership]:
    """The person's memberships with their tenants, oldest first. One statement.

    Evaluate it inside system_connection(): elsewhere row-level security shows none.
    """
    return (
        TenantMembership.objects.filter(person_id=person.id).select_related("tenant").order_by("id")
    )


@system_connection()
def is_member(person_id: uuid.UUID, tenant_id: uuid.UUID) -> bool:
    return TenantMembership.objects.filter(person_id=person_id, tenant_id=tenant_id).exists()
