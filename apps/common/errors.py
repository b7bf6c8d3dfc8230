"""Errors that services raise and that every edge (API, pages, commands) knows how to show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with the input; `attr` is the field, or None for the whole."""

    code: str
    detail: str | Promise
    attr: str | None = None


class PlatformError(Exception):
    """Base of what a caller can cause. `code` is stable and for programs, `detail` for people."""

    status: ClassVar[int] = 400
    code: str = "error"
    title: ClassVar[str | Promise] = _("The request could not be carried out")
    default_detail: ClassVar[str | Promise] = _("The request could not be carried out.")

    def __init__(
        self,
        detail: str | Promise | None = None,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.detail = detail if detail is not None else self.default_detail
        self.code = code or self.code
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        super().__init__(str(self.detail))


class InvalidInput(PlatformError):
    """The input breaks a rule; `errors` says which field and why."""

    code = "invalid"
    title = _("The input is not valid")
    default_detail = _("Correct the fields named in errors and send the request again.")

    @classmethod
    def field(cls, attr: str, detail: str | Promise, code: str = "invalid") -> "InvalidInput":
        """The common case: one field, one message, which is the detail too."""
        return cls(detail, code=code, errors=[FieldError(code, detail, attr)])


class NotAuthenticated(PlatformError):
    status = 401
    code = "not_authenticated"
    title = _("Sign in first")
    default_detail = _("Send a valid access token or sign in.")


class PermissionDenied(PlatformError):
    status = 403
    code = "permission_denied"
    title = _("You may not do this")
    default_detail = _("Your roles do not allow this. Ask an administrator of the workspace.")


class ReauthenticationRequired(PermissionDenied):
    """It is too long ago that the person proved who they are."""

    code = "reauthentication_required"
    title = _("Prove that it is you")
    default_detail = _(
        "This is sensitive, and your sign-in is older than ten minutes. Send your password to "
        "`auth/reauthenticate/`, or sign in again."
    )


class ImpersonationRefused(PermissionDenied):
    """Staff who act for a member want what only the member may do."""

    code = "impersonation_refused"
    title = _("Only the member may do this")
    default_detail = _(
        "Support that acts for a member cannot change how they sign in, who may do what, or what cannot be "
        "undone. Ask the member to do it."
    )


class NotFound(PlatformError):
    """It does not exist, or the actor may not know that it does: the answer is the same."""

    status = 404
    code = "not_found"
    title = _("Not found")
    default_detail = _("There is nothing here, or you may not see it.")


class Conflict(PlatformError):
    """The state does not allow it now."""

    status = 409
    code = "conflict"
    title = _("The current state does not allow this")
    default_detail = _("Somebody changed this meanwhile, or its state does not allow the change.")


class IdempotencyConflict(PlatformError):
    """The key was used for something else. Nothing was done."""

    status = 422
    code = "idempotency_conflict"
    title = _("The idempotency key was used for something else")
    default_detail = _("Send another key with another request, or the same request again.")


class Gone(PlatformError):
    status = 410
    code = "gone"
    title = _("No longer available")
    default_detail = _("This was used, withdrawn or has expired.")


class RateLimited(PlatformError):
    """Too many attempts. The header Retry-After says when the next one is let through."""

    status = 429
    code = "rate_limited"
    title: ClassVar[str | Promise] = _("Too many requests")
    default_detail = _("Too many attempts. Wait a little before the next one.")

    def __init__(self, retry_after_s: int, detail: str | Promise | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)})


class Unavailable(PlatformError):
    status = 503
    code = "unavailable"
    title = _("Not available right now")
    default_detail = _("Try again in a moment.")
