"""Errors that only HTTP knows. Without the framework: its own modules import what uses these."""

from django.utils.translation import gettext_lazy as _

from apps.common.errors import PermissionDenied, PlatformError


class BodyTooLarge(PlatformError):
    status = 413
    code = "body_too_large"
    title = _("The request is too large")
    default_detail = _("The body may have at most 1 MiB.")


class HeadersTooLarge(PlatformError):
    """More of them, or longer ones, than any client of ours sends (RFC 6585, section 5)."""

    status = 431
    code = "headers_too_large"
    title = _("The headers are too large")
    default_detail = _("A request may have at most 100 headers and 32 KiB of them.")


class MethodNotAllowed(PlatformError):
    status = 405
    code = "method_not_allowed"
    title = _("Method not allowed")
    default_detail = _("This address does not take requests of that kind.")


class OriginNotAllowed(PermissionDenied):
    """A page of another site calls the API, and the workspace does not list that site."""

    code = "origin_not_allowed"
    title = _("This site may not call the API")
    default_detail = _(
        "The workspace does not allow requests from pages of this origin. An administrator can add it under "
        "Settings, Origins. On the platform's own host, name the workspace with the header "
        "X-Tenant, an API key or a token of the workspace."
    )


class PersonRequired(PermissionDenied):
    """An API key asks for what is about a person: their profile, sign-ins, workspaces."""

    code = "person_required"
    default_detail = _("An API key is nobody. This needs the access token or session of a person.")


class PreconditionFailed(PlatformError):
    """If-Match names a version that is not the current one (RFC 9110, section 13.1.1)."""

    status = 412
    code = "precondition_failed"
    title = _("It has changed meanwhile")
    default_detail = _("The object is not the version that If-Match names. Get it again first.")


class ServerError(PlatformError):
    """What we answer for a defect; the log has the traceback under the same request id."""

    status = 500
    code = "server_error"
    title = _("Something went wrong on our side")
    default_detail = _("The error has been recorded. If it stays, send us the request_id.")


class UnsupportedMediaType(PlatformError):
    status = 415
    code = "unsupported_media_type"
    title = _("Unsupported media type")
    default_detail = _("Send text in UTF-8.")


class UriTooLong(PlatformError):
    status = 414
    code = "uri_too_long"
    title = _("The address is too long")
    default_detail = _("Path and query may have at most 8,192 characters.")


class TenantRequired(PlatformError):
    code = "tenant_required"
    title = _("Which workspace?")
    default_detail = _(
        "This needs a workspace. Send the request to the workspace's own host, or name the workspace "
        "with the header X-Tenant: <slug>."
    )
