"""How sending ends when it does not end well. Each says what its caller does next."""

from apps.common.breakers import SaysNothing


class Suppressed(Exception):
    """Every address of it is suppressed, and nothing was sent. Final. reason: a SuppressionReason."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)

    def __str__(self) -> str:
        return f"the address is suppressed: {self.reason}"


class Refused(Exception):
    """A provider does not take this message, and no other will: final. detail: what it said."""

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


class Unavailable(OSError):
    """No provider could be asked, or none could answer: try again after retry_after_s seconds.

    An OSError, as a mail server that is away always was: tasks retry those. A provider that did not answer
    in time may have taken the message all the same; `email_find` and `sms_find` ask it.
    """

    def __init__(self, detail: str, retry_after_s: float) -> None:
        self.detail, self.retry_after_s = detail, retry_after_s
        super().__init__(detail)

    def __reduce__(self) -> tuple[type["Unavailable"], tuple[str, float]]:
        """Celery carries it from one process to another."""
        return type(self), (self.detail, self.retry_after_s)


class Busy(SaysNothing, Unavailable):
    """A provider was not asked, because as many of this process as may were asking it."""


class CannotTell(Exception):
    """Whether a provider took a message is not known, as with a mail server, which cannot be asked."""
