"""Accounts of other providers that people sign in with: connecting, taking away, and who was refused."""

import uuid
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.accounts.enums import SocialRefusal
from apps.accounts.events import (
    PersonRegistered,
    SocialAccountConnected,
    SocialAccountDisconnected,
    SocialSignInRefused,
)
from apps.accounts.managers import normalize_email
from apps.accounts.models import Person
from apps.accounts.services import email_request
from apps.common.actors import Actor
from apps.common.errors import Conflict, NotFound
from apps.events.services import publish

MAX_EACH = 10
CONNECTED_TO_ANOTHER = _("This account is connected to another person’s.")


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider has named. label: what people know the account by, an address or a user name."""

    provider: str
    uid: str
    label: str
    name: str


def social_accounts_of(person_id: uuid.UUID) -> QuerySet[Any]:
    """Oldest first. One statement."""
    return SocialAccount.objects.filter(user_id=person_id).order_by("id")


def person_with_address(email: str) -> Person | None:
    """Who has an address, whether it is the one that they sign in with or not, verified or not."""
    email = normalize_email(email)
    person = Person.objects.filter(email=email).first()
    if person is not None:
        return person
    address = EmailAddress.objects.filter(email=email).select_related("user").first()
    return address.user if address is not None else None


@transaction.atomic
def person_register_social(*, actor: Actor, identity: Identity, email: str) -> Any:
    """Create a person without a password, whose address the provider has verified; returns the SocialAccount.

    Publishes accounts.person_registered and accounts.social_account_connected.
    Raises ValidationError (also when the address is taken), IntegrityError when two do this at once.
    """
    person = Person.objects.create_user(email, None, name=identity.name)
    EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=True)
    publish(PersonRegistered(person_id=person.id), actor=actor, tenant_id=None)
    return _connect(actor, person, identity)


@transaction.atomic
def social_account_connect(*, actor: Actor, person_id: uuid.UUID, identity: Identity) -> Any:
    """Let a person, who has just proved who they are, sign in with an account of a provider.

    Locks the person. Publishes accounts.social_account_connected and accounts.email_requested.
    Raises NotFound, Conflict (it is somebody else's; too many), IntegrityError when two do this at once.
    """
    person = _locked(actor, person_id)
    known = SocialAccount.objects.filter(provider=identity.provider, uid=identity.uid).first()
    if known is not None:
        if known.user_id != person.id:
            raise Conflict(CONNECTED_TO_ANOTHER, code="connected_to_another")
        return known
    if social_accounts_of(person.id).filter(provider=identity.provider).count() >= MAX_EACH:
        raise Conflict(_("You have connected enough of them."), code="too_many")
    account = _connect(actor, person, identity)
    _tell(actor, person, "account/email/social_connected")
    return account


@transaction.atomic
def social_account_disconnect(*, actor: Actor, person_id: uuid.UUID, account_id: int) -> str:
    """Take away a way to sign in; returns the provider.

    Locks the person, so that two of these leave one way in. Publishes accounts.social_account_disconnected
    and accounts.email_requested. Raises NotFound, ReauthenticationRequired, Conflict (`last_way_in`).
    """
    person = _locked(actor, person_id)
    actor.require_recent_proof()
    accounts = social_accounts_of(person.id)
    account = accounts.filter(id=account_id).first()
    if account is None:
        raise NotFound
    if not person.has_usable_password() and not accounts.exclude(id=account_id).exists():
        raise Conflict(
            _("This is your only way to sign in. Set a password first."), code="last_way_in"
        )
    provider = str(account.provider)
    account.delete()
    publish(
        SocialAccountDisconnected(person_id=person.id, provider=provider),
        actor=actor,
        tenant_id=None,
    )
    _tell(actor, person, "account/email/social_disconnected")
    return provider


@transaction.atomic
def social_sign_in_refuse(
    *, actor: Actor, provider: str, reason: SocialRefusal, person_id: uuid.UUID | None = None
) -> None:
    """Note it. Publishes accounts.social_sign_in_refused."""
    publish(
        SocialSignInRefused(provider=provider, reason=reason, person_id=person_id),
        actor=actor,
        tenant_id=None,
    )


def _connect(actor: Actor, person: Person, identity: Identity) -> Any:
    account = SocialAccount.objects.create(
        user=person,
        provider=identity.provider,
        uid=identity.uid,
        extra_data={"label": identity.label},
    )
    publish(
        SocialAccountConnected(person_id=person.id, provider=identity.provider),
        actor=actor,
        tenant_id=None,
    )
    return account


def _locked(actor: Actor, person_id: uuid.UUID) -> Person:
    person = (
        Person.objects.select_for_update(no_key=True).filter(id=person_id, is_active=True).first()
    )
    if person is None or actor.person_id != person_id:
        raise NotFound
    return person


def _tell(actor: Actor, person: Person, template: str) -> None:
    email_request(actor=actor, template=template, email=person.email, person_id=person.id)
