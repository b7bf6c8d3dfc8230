"""How a sign-in was proved, in the words that sessions, tokens and policies share."""

from collections.abc import Iterable, Set
from typing import Any

from allauth.mfa.models import Authenticator

from apps.accounts.enums import SignInMethod as M

# What proves possession besides, or instead of, something known. A passkey that signs in by itself has
# verified its user (WebAuthn, section 6.1: UV), which makes it two factors.
SECOND_FACTORS = frozenset({M.TOTP, M.RECOVERY_CODE, M.WEBAUTHN})
METHOD_OF_TYPE = {
    Authenticator.Type.TOTP: M.TOTP,
    Authenticator.Type.RECOVERY_CODES: M.RECOVERY_CODE,
    Authenticator.Type.WEBAUTHN: M.WEBAUTHN,
}
TYPE_OF_METHOD: dict[str, str] = {method: kind for kind, method in METHOD_OF_TYPE.items()}


def has_second_factor(methods: Set[str]) -> bool:
    """Whether these methods together are more than one factor."""
    return not SECOND_FACTORS.isdisjoint(methods)


def methods_of_records(records: Iterable[dict[str, Any]]) -> frozenset[str]:
    """From allauth's records of a session; what they call `mfa` is told apart by its type."""
    return frozenset(
        str(METHOD_OF_TYPE.get(record.get("type", ""), ""))
        if record.get("method") == "mfa"
        else str(record.get("method"))
        for record in records
    ) - {""}
