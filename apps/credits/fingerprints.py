"""What was asked for with an idempotency key, in 16 bytes: the same key with another request is refused."""

import hashlib
import uuid
from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from apps.common.errors import IdempotencyConflict, InvalidInput
from apps.credits.models import Transaction

MAX_KEY_LENGTH = 200


def fingerprint(kind: str, **asked: object) -> uuid.UUID:
    """Of a request's meaning. The order of `asked` does not matter."""
    text = "\x00".join([kind, *(f"{name}={value!s}" for name, value in sorted(asked.items()))])
    return uuid.UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest())


def require_key(key: str) -> None:
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isprintable():
        raise InvalidInput.field(
            "idempotency_key",
            _("Give a key of 1 to %(max)s printable characters.") % {"max": MAX_KEY_LENGTH},
        )


def known(key: str, print_: uuid.UUID) -> Transaction | None:
    """What was done with the key before; None: nothing. Raises IdempotencyConflict."""
    found = Transaction.objects.filter(idempotency_key=key).first()
    if found is None:
        return None
    if found.fingerprint != print_:
        raise IdempotencyConflict
    found.is_replay = True
    return found


def details_of(asked: Mapping[str, object]) -> dict[str, object]:
    """Without what is empty: what is kept beside a transaction."""
    return {name: value for name, value in asked.items() if value not in (None, "", [], {})}
