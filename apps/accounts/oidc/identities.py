"""Who a subject of a provider is here: finding, linking, unlinking. Never by an e-mail address alone."""

import uuid

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts import epochs, services
from apps.accounts.events import (
    IdentityLinked,
    IdentityUnlinked,
    ProviderSessionEnded,
    ProviderSignInRefused,
)
from apps.accounts.models import ExternalIdentity, Person
from apps.accounts.oidc.client import SignedIn
from apps.accounts.oidc.config import Provider
from apps.accounts.oidc.verification import refuse
from apps.accounts.selectors import person_actor, person_by_email
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict, NotFound
from apps.events.services import publish


@system_connection()
def identity_sign_in(*, provider: Provider, signed_in: SignedIn) -> Person | None:
    """The person of a subject of the platform's provider; a new one where nobody has the address.

    None: somebody has an account with the address, and has to sign in to it first. Publishes
    accounts.person_registered and accounts.identity_linked for a new one. Raises ProviderRefused.
    """
    for is_last in (False, True):
        try:
            with transaction.atomic():
                return _sign_in(provider, signed_in)
        except IntegrityError:
            # Two browsers at once: the other made the person.
            if is_last:
                raise
    return None


def _sign_in(provider: Provider, signed_in: SignedIn) -> Person | None:
    identity = identity_used(provider, signed_in)
    if identity is not None:
        return identity.person
    if person_by_email(signed_in.email) is not None:
        return None
    if not settings.OIDC_SIGN_UP:
        raise refuse("sign_up_closed", "There is no account for you here. Ask for an invitation.")
    person = services.person_create(
        actor=Actor.system("oidc"),
        email=signed_in.email,
        name=signed_in.name or signed_in.email.partition("@")[0],
    )
    identity_add(provider, signed_in, person)
    return person


def identity_used(provider: Provider, signed_in: SignedIn) -> ExternalIdentity | None:
    """The identity of a subject, noted as used now; None for a new subject. Raises ProviderRefused."""
    identity = (
        ExternalIdentity.objects.select_related("person")
        .filter(provider_id=provider.id, issuer=signed_in.issuer, subject=signed_in.subject)
        .first()
    )
    if identity is None:
        return None
    if not identity.person.is_active:
        raise refuse("person_inactive", "This account is deactivated.")
    identity.email, identity.last_used_at = signed_in.email, timezone.now()
    identity.save(update_fields=["email", "last_used_at", "updated_at"])
    return identity


def identity_add(
    provider: Provider, signed_in: SignedIn, person: Person, actor: Actor | None = None
) -> ExternalIdentity:
    """Link, in the caller's transaction. Publishes accounts.identity_linked.

    Raises ProviderRefused where the person is another subject of the provider already.
    """
    others = ExternalIdentity.objects.filter(
        provider_id=provider.id, issuer=signed_in.issuer, person_id=person.id
    )
    if others.exists():
        # The address may have gone to somebody else there.
        raise refuse(
            "other_subject",
            "The account with your e-mail address is connected with another identity at this provider. "
            "Ask your administrator.",
        )
    identity = ExternalIdentity.objects.create(
        provider_id=provider.id,
        tenant_id=provider.tenant_id,
        issuer=signed_in.issuer,
        subject=signed_in.subject,
        person=person,
        email=signed_in.email,
    )
    publish(
        IdentityLinked(person_id=person.id, provider_id=provider.id, identity_id=identity.id),
        actor=actor or person_actor(person),
        tenant_id=provider.tenant_id,
    )
    return identity


@system_connection()
@transaction.atomic
def identity_link(*, actor: Actor, provider: Provider, signed_in: SignedIn) -> ExternalIdentity:
    """Connect a subject of the platform's provider with the actor, who is signed in. Again is harmless.

    Publishes accounts.identity_linked. Raises Conflict (it is somebody else's), ProviderRefused.
    """
    if actor.person_id is None:
        raise NotFound
    person = Person.objects.get(id=actor.person_id)
    known = ExternalIdentity.objects.filter(
        provider_id=provider.id, issuer=signed_in.issuer, subject=signed_in.subject
    ).first()
    if known is None:
        return identity_add(provider, signed_in, person, actor)
    if known.person_id != person.id:
        raise Conflict(
            _("This identity is connected with another account."), code="identity_of_another"
        )
    return known


@system_connection()
@transaction.atomic
def identity_unlink(*, actor: Actor, identity_id: uuid.UUID) -> None:
    """Disconnect an identity: one's own at the platform's provider; staff anybody's.

    Publishes accounts.identity_unlinked. Raises NotFound, Conflict (no other way in would be left).
    """
    identity = (
        ExternalIdentity.objects.select_related("person")
        .select_for_update(of=("self",))
        .filter(id=identity_id)
        .first()
    )
    is_own = identity is not None and (identity.person_id, identity.tenant_id) == (
        actor.person_id,
        None,
    )
    if identity is None or not (is_own or actor.is_platform):
        raise NotFound
    if is_own and not identity.person.has_usable_password():
        raise Conflict(_("Set a password first: this is your only way in."), code="only_way_in")
    epochs.change(epochs.of_person(identity.person_id))
    publish(
        IdentityUnlinked(
            person_id=identity.person_id, provider_id=identity.provider_id, identity_id=identity.id
        ),
        actor=actor,
        tenant_id=identity.tenant_id,
    )
    identity.delete()


@system_connection()
def identities_of(person_id: uuid.UUID) -> list[ExternalIdentity]:
    """A person's own, at the platform's provider. One statement."""
    found = ExternalIdentity.objects.filter(person_id=person_id, tenant=None)
    return list(found.select_related("provider").order_by("id"))


@system_connection()
@transaction.atomic
def refusal_note(*, provider: Provider, reason: str) -> None:
    """Publishes accounts.provider_sign_in_refused: the provider's administrator cannot see our log."""
    publish(
        ProviderSignInRefused(provider_id=provider.id, reason=reason),
        actor=Actor.system("oidc"),
        tenant_id=provider.tenant_id,
    )


@system_connection()
@transaction.atomic
def sign_out_note(*, provider: Provider, subject: str) -> None:
    """Publishes accounts.provider_session_ended. For an unknown subject it says nobody."""
    identity = ExternalIdentity.objects.filter(
        provider_id=provider.id, issuer=provider.issuer, subject=subject
    ).first()
    publish(
        ProviderSessionEnded(
            provider_id=provider.id, person_id=identity.person_id if identity else None
        ),
        actor=Actor.system("oidc"),
        tenant_id=provider.tenant_id,
    )
