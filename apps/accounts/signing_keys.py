"""The life of the keys that sign access tokens: made ahead, taken over from, faded out; or revoked."""

from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts import epochs, keys
from apps.accounts.enums import SigningKeyState as S
from apps.accounts.events import SigningKeyRevoked, SigningKeyRotated
from apps.accounts.models import SigningKey, signing_key_fades_s
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.events.services import publish

log = structlog.get_logger(__name__)

# A verifier that keeps our JWKS for as long as that knows a key before it signs.
PUBLISHED_AHEAD_S = 3600
GONE = (S.RETIRED, S.REVOKED)


def signing_keys() -> QuerySet[SigningKey]:
    """Every key, the latest first."""
    return SigningKey.objects.order_by("-signs_from", "-id")


@transaction.atomic
def signing_key_rotate(*, actor: Actor, at_once: bool = False) -> SigningKey:
    """Make the next key. It is published now and signs after PUBLISHED_AHEAD_S; the present one fades then.

    at_once: it signs from now on, for when waiting is worse than a verifier that has to read our keys
    anew; a key that waits already is taken. Processes follow within SIGNING_KEY_CACHE_S.
    Locks changes of keys. Publishes accounts.signing_key_rotated. Raises PermissionDenied, Conflict when
    a key waits already.
    """
    require_platform(actor)
    keys.lock_changes()
    now = timezone.now()
    known = list(keys.published())
    waiting = next((key for key in known if key.state == S.NEXT), None)
    if waiting and not at_once:
        raise Conflict(
            _("The next key is there already. It signs from %(when)s on.")
            % {"when": f"{waiting.signs_from:%Y-%m-%d %H:%M} UTC"},
            code="rotation_under_way",
        )
    is_first = not any(key.state == S.SIGNING for key in known)
    signs_from = now if at_once or is_first else now + timedelta(seconds=PUBLISHED_AHEAD_S)
    if waiting:
        waiting.signs_from = signs_from
        waiting.save(update_fields=["signs_from", "updated_at"])
    following = waiting or keys.key_make(signs_from)
    SigningKey.objects.filter(
        id__in=[key.id for key in known if key.state == S.SIGNING and key.id != following.id]
    ).update(retired_at=signs_from, updated_at=now)
    _changed(actor, SigningKeyRotated(kid=following.kid, signs_from=signs_from.isoformat()))
    return following


@transaction.atomic
def signing_key_revoke(*, actor: Actor, kid: str, reason: str) -> SigningKey:
    """Refuse whatever a key signed, because others may have it. Clients refresh their tokens.

    Effective on the next request of every process. If it was to sign, another does from now on. Locks changes
    of keys. Publishes accounts.signing_key_revoked. Raises PermissionDenied, NotFound, InvalidInput,
    Conflict when it is of no use any more.
    """
    require_platform(actor)
    if not reason.strip():
        raise InvalidInput.field("reason", _("Say why: others will ask."), "required")
    keys.lock_changes()
    key = SigningKey.objects.filter(kid=kid).first()
    if key is None:
        raise NotFound
    if key.state in GONE:
        raise Conflict(_("This key verifies nothing any more."), code="key_gone")
    was_signing = key.state == S.SIGNING
    key.revoked_at = timezone.now()
    key.private_key_encrypted = b""
    key.save(update_fields=["revoked_at", "private_key_encrypted", "updated_at"])
    if key.signs_from > key.revoked_at:
        # It will not take over: the one before it goes on.
        SigningKey.objects.filter(revoked_at=None, retired_at=key.signs_from).update(
            retired_at=None, updated_at=key.revoked_at
        )
    _changed(actor, SigningKeyRevoked(kid=key.kid, reason=reason.strip()))
    if was_signing:
        signing_key_rotate(actor=actor, at_once=True)
    return key


def signing_keys_tend() -> SigningKey | None:
    """For the schedule: erase private halves that are of no use, and rotate a key of JWT_ROTATION_DAYS.

    Returns the next key if one was made.
    """
    faded = timezone.now() - timedelta(seconds=signing_key_fades_s())
    SigningKey.objects.filter(retired_at__lte=faded).exclude(private_key_encrypted=b"").update(
        private_key_encrypted=b"", updated_at=timezone.now()
    )
    if not settings.JWT_ROTATION_DAYS:
        return None
    latest = keys.published().last()
    due = timezone.now() - timedelta(days=settings.JWT_ROTATION_DAYS)
    if latest is None or latest.signs_from > due:
        return None
    return signing_key_rotate(actor=Actor.system("signing-keys"))


def _changed(actor: Actor, event: SigningKeyRotated | SigningKeyRevoked) -> None:
    publish(event, actor=actor, tenant_id=None)
    log.info(event.event_name, kid=event.kid, by=actor.label)
    epochs.change(epochs.SIGNING_KEYS)
    transaction.on_commit(keys.forget)
