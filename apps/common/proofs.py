"""How and when the person behind a request proved who they are. Sensitive acts want it to be recent."""

import time
import uuid
from dataclasses import dataclass

from django.conf import settings

from apps.common.errors import ImpersonationRefused, ReauthenticationRequired

# A form that was opened in time may still be sent.
FORM_S = 300


@dataclass(frozen=True, slots=True)
class Impersonator:
    """The member of the platform's staff who acts for a person."""

    person_id: uuid.UUID
    label: str


@dataclass(frozen=True, slots=True)
class Proof:
    """methods: how (apps.accounts.enums.SignInMethod). proved_at: when last; seconds since 1970, 0: never.

    impersonator: who proved it, where that is staff who act for the person.
    """

    methods: frozenset[str] = frozenset()
    proved_at: float = 0.0
    impersonator: Impersonator | None = None

    def is_recent(self, grace_s: int = FORM_S) -> bool:
        """Within STEP_UP_S seconds, or a little longer."""
        return time.time() - self.proved_at < settings.STEP_UP_S + grace_s

    def require_recent(self, grace_s: int = FORM_S) -> None:
        """Raises ReauthenticationRequired, and ImpersonationRefused where it is not the person themselves."""
        if self.impersonator is not None:
            raise ImpersonationRefused
        if not self.is_recent(grace_s):
            raise ReauthenticationRequired
