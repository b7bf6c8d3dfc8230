"""Second factors of a person: allauth's authenticators, changed by services that publish and mail.

Every change of one's own needs a recent proof of who one is, else ReauthenticationRequired.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.core.cache import caches
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts import epochs, services
from apps.accounts.events import (
    FactorAdded,
    FactorRemoved,
    FactorRenamed,
    FactorsReset,
    RecoveryCodesGenerated,
    RecoveryCodeUsed,
)
from apps.accounts.methods import METHOD_OF_TYPE
from apps.accounts.models import Person
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.events.services import publish

TYPES = Authenticator.Type
SETUP_S = 900
MAX_PASSKEYS = 20


@dataclass(frozen=True, slots=True)
class Factors:
    """What a person has. recovery: allauth's wrapper, which knows the codes that are left."""

    totp: Authenticator | None
    passkeys: list[Authenticator]
    recovery: RecoveryCodes | None

    @property
    def is_enabled(self) -> bool:
        """Whether signing in by password asks for a second factor."""
        return self.totp is not None or bool(self.passkeys)

    @property
    def codes_left(self) -> int:
        return len(self.recovery.get_unused_codes()) if self.recovery else 0


def factors_of(person_id: uuid.UUID) -> Factors:
    """One statement."""
    found = list(Authenticator.objects.filter(user_id=person_id).order_by("id"))
    by_type = {one.type: one for one in found}
    recovery = by_type.get(TYPES.RECOVERY_CODES)
    return Factors(
        by_type.get(TYPES.TOTP),
        [one for one in found if one.type == TYPES.WEBAUTHN],
        RecoveryCodes(recovery) if recovery else None,
    )


def factor_for(actor: Actor, factor_id: int) -> Authenticator:
    """One of the actor's own, but recovery codes, which go with the last of the others. Raises NotFound."""
    found = (
        Authenticator.objects.filter(id=factor_id, user_id=actor.person_id)
        .exclude(type=TYPES.RECOVERY_CODES)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def totp_setup(*, actor: Actor, person_id: uuid.UUID, scope: str) -> str:
    """The secret that a person's app is to be given; the same one for a quarter of an hour.

    scope: the sign-in that asks, so that nobody finishes what another sign-in began, who knows the secret.
    Encrypted in Redis until `totp_add`. Raises NotFound, Conflict (`totp_exists`).
    """
    if actor.person_id != person_id:
        raise NotFound
    actor.require_recent_proof()
    if Authenticator.objects.filter(user_id=person_id, type=TYPES.TOTP).exists():
        raise Conflict(_("An authenticator app is set up already."), code="totp_exists")
    key, cache = _setup_key(person_id, scope), caches["global"]
    kept = cache.get(key)
    if kept is not None:
        return str(get_adapter().decrypt(kept))
    secret: str = generate_totp_secret()
    cache.set(key, get_adapter().encrypt(secret), SETUP_S)
    return secret


@transaction.atomic
def totp_add(*, actor: Actor, person_id: uuid.UUID, scope: str, code: str) -> Authenticator:
    """Finish what `totp_setup` began: the code proves that the app has the secret, and is used up by that.

    Makes recovery codes where there are none. Locks the person. Publishes accounts.factor_added.
    Raises NotFound, Conflict (`totp_exists`, `totp_not_begun`), InvalidInput (the code is wrong).
    """
    person = _changing(actor, person_id)
    if Authenticator.objects.filter(user_id=person_id, type=TYPES.TOTP).exists():
        raise Conflict(_("An authenticator app is set up already."), code="totp_exists")
    key, cache = _setup_key(person_id, scope), caches["global"]
    kept = cache.get(key)
    if kept is None:
        raise Conflict(_("Begin again: this took too long."), code="totp_not_begun")
    wrapper = TOTP.activate(person, get_adapter().decrypt(kept))
    if not wrapper.validate_code(code):
        raise InvalidInput.field(
            "code", _("The code is wrong. Enter the one that the app shows now."), "code_invalid"
        )
    _added(actor, person, wrapper.instance)
    transaction.on_commit(lambda: cache.delete(key))
    return wrapper.instance


@transaction.atomic
def passkey_add(
    *, actor: Actor, person_id: uuid.UUID, name: str, credential: dict[str, Any]
) -> Authenticator:
    """Keep a passkey whose registration the caller has verified (`mfa_forms.registered`).

    Makes recovery codes where there are none. Locks the person. Publishes accounts.factor_added.
    Raises NotFound, Conflict (`too_many_passkeys`).
    """
    person = _changing(actor, person_id)
    held = Authenticator.objects.filter(user_id=person_id, type=TYPES.WEBAUTHN).count()
    if held >= MAX_PASSKEYS:
        raise Conflict(_("Remove a passkey first: there are too many."), code="too_many_passkeys")
    factor: Authenticator = WebAuthn.add(person, name, credential).instance
    _added(actor, person, factor)
    return factor


@transaction.atomic
def factor_rename(*, actor: Actor, factor_id: int, name: str) -> Authenticator:
    """Give a passkey of one's own another name. Publishes accounts.factor_renamed. Raises NotFound."""
    factor = factor_for(actor, factor_id)
    if factor.type != TYPES.WEBAUTHN:
        raise NotFound
    _changing(actor, factor.user_id)
    factor.data["name"] = name
    factor.save(update_fields=["data"])
    publish(
        FactorRenamed(person_id=factor.user_id, factor_id=factor.pk),
        actor=actor,
        tenant_id=None,
    )
    return factor


@transaction.atomic
def factor_remove(*, actor: Actor, factor_id: int) -> None:
    """Remove a factor of one's own; with the last one go the recovery codes.

    Locks the person. Publishes accounts.factor_removed. Raises NotFound.
    """
    factor = factor_for(actor, factor_id)
    person = _changing(actor, factor.user_id)
    epochs.change(epochs.of_person(person.id))
    removed_id = factor.pk
    factor.delete()
    left = Authenticator.objects.filter(user_id=person.id)
    if not left.exclude(type=TYPES.RECOVERY_CODES).exists():
        left.delete()
    publish(
        FactorRemoved(
            person_id=person.id, factor=METHOD_OF_TYPE[TYPES(factor.type)], factor_id=removed_id
        ),
        actor=actor,
        tenant_id=None,
    )
    _mail(actor, person, "factor_removed")


@transaction.atomic
def recovery_codes_generate(*, actor: Actor, person_id: uuid.UUID) -> list[str]:
    """New codes; those of before are void from now on.

    Locks the person. Publishes accounts.recovery_codes_generated. Raises NotFound, Conflict (no factor).
    """
    person = _changing(actor, person_id)
    held = Authenticator.objects.filter(user_id=person_id)
    if not held.exclude(type=TYPES.RECOVERY_CODES).exists():
        raise Conflict(
            _("Recovery codes are for people with a second factor. Set one up first."),
            code="no_factor",
        )
    held.filter(type=TYPES.RECOVERY_CODES).delete()
    codes: list[str] = RecoveryCodes.activate(person).get_unused_codes()
    publish(RecoveryCodesGenerated(person_id=person.id), actor=actor, tenant_id=None)
    _mail(actor, person, "recovery_codes_generated")
    return codes


@transaction.atomic
def recovery_code_note_use(*, actor: Actor, person_id: uuid.UUID) -> None:
    """Tell the person that a recovery code was used. Publishes accounts.recovery_code_used."""
    person = _locked(actor, person_id)
    left = factors_of(person_id).codes_left
    publish(RecoveryCodeUsed(person_id=person.id, left=left), actor=actor, tenant_id=None)
    _mail(actor, person, "recovery_code_used")


@transaction.atomic
def factors_reset(*, actor: Actor, person_id: uuid.UUID, reason: str) -> None:
    """Remove every second factor of a person who has lost them. Platform staff only.

    Locks the person. Publishes accounts.factors_reset. Raises PermissionDenied, NotFound, Conflict (none).
    """
    require_platform(actor)
    person = _locked(actor, person_id)
    epochs.change(epochs.of_person(person.id))
    count, _by_model = Authenticator.objects.filter(user_id=person_id).delete()
    if not count:
        raise Conflict(_("This person has no second factor."), code="no_factor")
    publish(FactorsReset(person_id=person.id, reason=reason), actor=actor, tenant_id=None)
    _mail(actor, person, "factors_reset")


def _setup_key(person_id: uuid.UUID, scope: str) -> str:
    return f"totp-setup:{person_id}:{scope}"


def _locked(actor: Actor, person_id: uuid.UUID) -> Person:
    """The person, if it is the actor or the actor is the platform. Raises NotFound."""
    if not actor.is_platform and actor.person_id != person_id:
        raise NotFound
    person = Person.objects.select_for_update(no_key=True).filter(id=person_id).first()
    if person is None:
        raise NotFound
    return person


def _changing(actor: Actor, person_id: uuid.UUID) -> Person:
    """As _locked, for what is sensitive. Raises ReauthenticationRequired too."""
    person = _locked(actor, person_id)
    actor.require_recent_proof()
    return person


def _added(actor: Actor, person: Person, factor: Authenticator) -> None:
    epochs.change(epochs.of_person(person.id))
    RecoveryCodes.activate(person)
    publish(
        FactorAdded(
            person_id=person.id, factor=METHOD_OF_TYPE[TYPES(factor.type)], factor_id=factor.pk
        ),
        actor=actor,
        tenant_id=None,
    )
    _mail(actor, person, "factor_added")


def _mail(actor: Actor, person: Person, what: str) -> None:
    services.email_request(
        actor=actor, template=f"account/email/{what}", email=person.email, person_id=person.id
    )
