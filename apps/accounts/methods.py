"""How a sign-in was proved, in the words that sessions, tokens and policies share."""

from collections.abc import Set

from apps.accounts.enums import SignInMethod as M

# What proves possession besides, or instead of, something known. A passkey that signs in by itself has
# verified its user (WebAuthn, section 6.1: UV), which makes it two factors.
SECOND_FACTORS = frozenset({M.TOTP, M.RECOVERY_CODE, M.WEBAUTHN})


def has_second_factor(methods: Set[str]) -> bool:
    """Whether these methods together are more than one factor."""
    return not SECOND_FACTORS.isdisjoint(methods)
