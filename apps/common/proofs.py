"""How and when the person behind a request proved who they are. Sensitive acts want it to be recent."""

import time
from dataclasses import dataclass

from django.conf import settings

from apps.common.errors import ReauthenticationRequired

# A form that was opened in time may still be sent.
FORM_S = 300


@dataclass(frozen=True, slots=True)
class Proof:
    """methods: how (apps.accounts.enums.SignInMethod). proved_at: when last; seconds since 1970, 0: never."""

    methods: frozenset[str] = frozenset()
    proved_at: float = 0.0

    def is_recent(self, grace_s: int = FORM_S) -> bool:
        """Within STEP_UP_S seconds, or a little longer."""
        return time.time() - self.proved_at < settings.STEP_UP_S + grace_s

    def require_recent(self) -> None:
        """Raises ReauthenticationRequired."""
        if not self.is_recent():
            raise ReauthenticationRequired
