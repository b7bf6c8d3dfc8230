"""Errors in Stripe's shape (https://docs.stripe.com/api/errors)."""

from typing import Any


class StripeError(Exception):
    """type: Stripe's; keeps_changes: what the request did until then stays, as after a declined charge."""

    status = 400
    type = "invalid_request_error"
    keeps_changes = False

    def __init__(
        self, message: str, *, code: str = "", param: str = "", status: int = 0, **more: Any
    ) -> None:
        """more: further members of the error, such as decline_code or payment_intent."""
        super().__init__(message)
        self.message, self.code, self.param, self.more = message, code, param, more
        self.status = status or self.status

    def body(self, request_id: str) -> dict[str, Any]:
        error: dict[str, Any] = {"type": self.type, "message": self.message}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        error |= {name: value for name, value in self.more.items() if value is not None}
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": error}


class Invalid(StripeError):
    """A request that is refused and changes nothing."""


class CardError(StripeError):
    """A charge that the bank declined, or that needs its customer."""

    status = 402
    type = "card_error"
    keeps_changes = True


class Unauthorized(StripeError):
    status = 401


class Forbidden(StripeError):
    status = 403


class IdempotencyError(StripeError):
    type = "idempotency_error"


class RateLimited(StripeError):
    status = 429

    def __init__(self) -> None:
        super().__init__(
            "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
            code="rate_limit",
        )


class ServerError(StripeError):
    status = 500
    type = "api_error"


def missing(kind: str, object_id: str, *, param: str = "") -> Invalid:
    """404 for an object of the address, 400 for one that a parameter names."""
    return Invalid(
        f"No such {kind}: '{object_id}'",
        code="resource_missing",
        param=param or "id",
        status=400 if param else 404,
    )
