"""Writes about people and memberships. Sign-ins by API are in `token_sessions`."""

import uuid

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts import browser_sessions, epochs, limits, token_sessions
from apps.accounts.breached_passwords import local_validators
from apps.accounts.enums import RevokedReason
from apps.accounts.events import (
    EmailRequested,
    PasswordChanged,
    PersonDeactivated,
    PersonReactivated,
    PersonRegistered,
    PersonUpdated,
    SignInUnlocked,
)
from apps.accounts.managers import normalize_email
from apps.accounts.models import Erasure, Person, TenantMembership
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.errors import Conflict, NotFound, PermissionDenied
from apps.events.services import publish


@transaction.atomic
def person_register(*, actor: Actor, name: str, email: str, password: str) -> Person:
    """Create a person with an unverified address.

    The caller has validated the password and publishes the mail. Raises ValidationError (also when
    the address is taken), IntegrityError when two do this at once.
    Publishes accounts.person_registered.
    """
    person = Person.objects.create_user(email, password, name=name)
    EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=False)
    publish(PersonRegistered(person_id=person.id), actor=actor, tenant_id=None)
    return person


@transaction.atomic
def person_create(
    *,
    actor: Actor,
    email: str,
    name: str,
    password: str | None = None,
    is_staff: bool = False,
    is_verified: bool = True,
) -> Person:
    """Create a person; is_verified: whether their address is. Platform staff and the system only.

    Raises PermissionDenied, ValidationError. Publishes accounts.person_registered.
    """
    require_platform(actor)
    person = Person.objects.create_user(email, password, name=name, is_staff=is_staff)
    EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=is_verified)
    publish(PersonRegistered(person_id=person.id), actor=actor, tenant_id=None)
    return person


@transaction.atomic
def person_provision(*, actor: Actor, email: str, name: str) -> Person:
    """Create a person without a password for a tenant that answers for the address.

    The caller has checked that the tenant has proven the domain of the address, so it counts as verified.
    They sign in by the tenant's identity provider, or set a password by a mail to that address.
    Raises ValidationError, IntegrityError when the address is taken. Publishes accounts.person_registered.
    """
    person = Person(email=normalize_email(email), name=name)
    person.set_unusable_password()
    # Whether it is taken is said by the constraint: thousands may be provisioned one by one.
    person.full_clean(exclude=["password"], validate_unique=False, validate_constraints=False)
    person.save(force_insert=True)
    EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=True)
    publish(PersonRegistered(person_id=person.id), actor=actor, tenant_id=None)
    return person


@transaction.atomic
def person_update(
    *,
    actor: Actor,
    person_id: uuid.UUID,
    name: str | None = None,
    language: str | None = None,
    time_zone: str | None = None,
) -> Person:
    """Change the profile; None leaves a field as it is. Oneself, or staff anybody's.

    Locks the person. Publishes accounts.person_updated. Raises NotFound, ValidationError.
    """
    person = _lock(actor, person_id)
    changes = {"name": name, "language": language, "time_zone": time_zone}
    changed = {field: value for field, value in changes.items() if value is not None}
    for field, value in changed.items():
        setattr(person, field, value)
    person.full_clean(exclude=["email", "password"], validate_unique=False)
    person.save(update_fields=[*changed, "updated_at"])
    publish(PersonUpdated(person_id=person.id), actor=actor, tenant_id=None)
    return person


@transaction.atomic
def person_set_password(*, actor: Actor, person_id: uuid.UUID, password: str) -> Person:
    """Set a password; every sign-in ends, by API and in browsers.

    The caller has validated it; here only what needs no network is checked again.

    Locks the person. Publishes accounts.password_changed. Raises NotFound, ValidationError.
    """
    person = _lock(actor, person_id)
    validate_password(password, person, local_validators())
    person.set_password(password)
    person.save(update_fields=["password", "updated_at"])
    _sign_out(actor, person.id, RevokedReason.PASSWORD_CHANGED)
    publish(PasswordChanged(person_id=person.id), actor=actor, tenant_id=None)
    return person


@transaction.atomic
def person_deactivate(*, actor: Actor, person_id: uuid.UUID) -> Person:
    """Shut a person out of everything; effective on their next request. Platform staff only.

    Locks the person, and every active member of staff when it is one of them.
    Publishes accounts.person_deactivated.
    Raises PermissionDenied, NotFound, Conflict (nobody could open the console any more).
    """
    require_platform(actor)
    _keep_staff(person_id)
    person = _lock(actor, person_id)
    if person.is_active:
        person.is_active = False
        person.save(update_fields=["is_active", "updated_at"])
        _sign_out(actor, person.id, RevokedReason.DEACTIVATED)
        publish(PersonDeactivated(person_id=person.id), actor=actor, tenant_id=None)
    return person


@transaction.atomic
def access_end(*, actor: Actor, person_id: uuid.UUID) -> Person:
    """As `person_deactivate`, also by the person, and without a password to come back with.

    Locks the person, and every active member of staff when it is one of them. Raises NotFound, Conflict.
    """
    person = _lock(actor, person_id)
    _keep_staff(person_id)
    person.is_active = False
    person.set_unusable_password()
    person.save(update_fields=["is_active", "password", "updated_at"])
    token_sessions.revoke_all(actor=actor, person_id=person.id, reason=RevokedReason.DEACTIVATED)
    # Their own browsers are signed out by not being active; those in which they act for others are not.
    browser_sessions.revoke_all(actor=actor, person_id=person.id, reason=RevokedReason.DEACTIVATED)
    return person


@transaction.atomic
def person_reactivate(*, actor: Actor, person_id: uuid.UUID) -> Person:
    """Let a person in again; they sign in anew. Platform staff only.

    Locks the person. Publishes accounts.person_reactivated. Raises PermissionDenied, NotFound, Conflict
    (erased).
    """
    require_platform(actor)
    person = _lock(actor, person_id)
    if Erasure.objects.filter(person=person).exists():
        raise Conflict(_("This account was erased. There is no way back."), code="erased")
    if not person.is_active:
        person.is_active = True
        person.save(update_fields=["is_active", "updated_at"])
        publish(PersonReactivated(person_id=person.id), actor=actor, tenant_id=None)
    return person


@transaction.atomic
def person_unlock(*, actor: Actor, person_id: uuid.UUID) -> Person:
    """Let a person try their password again, after too many wrong ones. Platform staff only.

    What was counted for network addresses stays. Locks the person. Publishes accounts.sign_in_unlocked.
    Raises PermissionDenied, NotFound, Conflict when nothing is locked.
    """
    require_platform(actor)
    person = _lock(actor, person_id)
    if not limits.locked_for_s(person):
        raise Conflict(_("This account is not locked."), code="not_locked")
    publish(SignInUnlocked(person_id=person.id), actor=actor, tenant_id=None)
    transaction.on_commit(lambda: limits.unlock(person))
    return person


def email_request(*, actor: Actor, template: str, email: str, person_id: uuid.UUID | None) -> None:
    """Owe somebody a mail, in the caller's transaction. Publishes accounts.email_requested."""
    publish(
        EmailRequested(template=template, email=normalize_email(email), person_id=person_id),
        actor=actor,
        tenant_id=None,
    )


@transaction.atomic
def membership_add(*, actor: Actor, person_id: uuid.UUID, tenant_id: uuid.UUID) -> TenantMembership:
    """Let a person enter a tenant; again is harmless.

    The organizations app decides who may come in and calls this in the same transaction.
    Raises PermissionDenied for an actor from another tenant.
    """
    _require_party(actor, person_id, tenant_id)
    epochs.change(epochs.of_membership(tenant_id, person_id))
    membership, _created = TenantMembership.objects.get_or_create(
        person_id=person_id, tenant_id=tenant_id
    )
    return membership


@transaction.atomic
def membership_remove(*, actor: Actor, person_id: uuid.UUID, tenant_id: uuid.UUID) -> None:
    """Take a person's entry to a tenant away, and end the sign-ins that are bound to it.

    Tokens that are not bound answer 404 for the tenant from the next request on.
    Raises PermissionDenied for an actor from another tenant.
    """
    _require_party(actor, person_id, tenant_id)
    epochs.change(epochs.of_membership(tenant_id, person_id))
    TenantMembership.objects.filter(person_id=person_id, tenant_id=tenant_id).delete()
    _sign_out(actor, person_id, RevokedReason.REMOVED, tenant_id)


def _sign_out(
    actor: Actor, person_id: uuid.UUID, reason: RevokedReason, tenant_id: uuid.UUID | None = None
) -> None:
    for kind in (browser_sessions, token_sessions):
        kind.revoke_all(actor=actor, person_id=person_id, tenant_id=tenant_id, reason=reason)


def person_lock(person_id: uuid.UUID) -> None:
    """Let whatever else locks this person wait until the caller's transaction ends. Raises NotFound."""
    if Person.objects.select_for_update(no_key=True).filter(id=person_id).first() is None:
        raise NotFound


def _lock(actor: Actor, person_id: uuid.UUID) -> Person:
    """The person, to be changed, if it is the actor or the actor is the platform. Raises NotFound."""
    if not actor.is_platform and actor.person_id != person_id:
        raise NotFound
    person = Person.objects.select_for_update(no_key=True).filter(id=person_id).first()
    if person is None:
        raise NotFound
    epochs.change(epochs.of_person(person_id))
    return person


def _keep_staff(person_id: uuid.UUID) -> None:
    """Raise Conflict for the last active member of staff.

    Locks them all, in the order of ids, so that two who do this cannot deadlock.
    """
    staff = Person.objects.filter(is_staff=True, is_active=True)
    if not staff.filter(id=person_id).exists():
        return
    locked = staff.select_for_update(no_key=True).order_by("id").values_list("id", flat=True)
    if list(locked) == [person_id]:
        raise Conflict(
            _("This is the last member of platform staff. Name another one first."),
            code="last_staff",
        )


def _require_party(actor: Actor, person_id: uuid.UUID, tenant_id: uuid.UUID) -> None:
    if not (actor.is_platform or actor.tenant_id == tenant_id or actor.person_id == person_id):
        raise PermissionDenied
