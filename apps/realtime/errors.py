from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.errors import NotAuthenticated, PermissionDenied, PlatformError


class UpgradeRequired(PlatformError):
    """Somebody asks for the socket's address as if it were a page (RFC 9110, section 15.5.22)."""

    status: ClassVar[int] = 426
    code = "upgrade_required"
    title: ClassVar[str | Promise] = _("This address speaks WebSocket only")
    default_detail: ClassVar[str | Promise] = _(
        "Open it with a WebSocket client (RFC 6455): the request needs `Connection: Upgrade` and "
        "`Upgrade: websocket`."
    )


class OriginRefused(PermissionDenied):
    """A page of another host tries to open a socket with this host's cookie."""

    code = "origin_refused"
    title = _("Another site asks for this")
    default_detail = _(
        "A socket that is opened with a session's cookie has to come from a page of the same host. "
        "Programs, and pages of other hosts, use a ticket."
    )


class TicketInvalid(NotAuthenticated):
    code = "ticket_invalid"
    title = _("The ticket is not valid")
    default_detail = _(
        "A ticket is good once, for 30 seconds, on the host that it was issued for. Ask for another."
    )
