"""Opening a socket from where a session's cookie cannot: by a ticket."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api.idempotency import Once
from apps.common.api.views import TenantView
from apps.realtime.api.v1 import examples
from apps.realtime.api.v1.serializers import TicketSerializer
from apps.realtime.judging import PATH
from apps.realtime.tickets import LIFETIME_S, Ticket, ticket_issue
from apps.realtime.views import IsPersonInTenant


class TicketsView(TenantView):
    once = Once.NEVER
    permission_classes = (IsPersonInTenant,)

    @extend_schema(
        operation_id="realtime_tickets_create",
        summary="Open a socket for live updates",
        description=(
            "A ticket for the WebSocket of the workspace, for the person who asks: open `url` within "
            "30 seconds. What is sent there, and how to resume, is described in the documentation under "
            "Live updates. The socket is closed (4401) when the sign-in or the access token that asked for "
            "the ticket ends. For people: an API key is refused (403)."
        ),
        request=None,
        responses={201: TicketSerializer},
        examples=[examples.TICKET],
    )
    def post(self, request: Request) -> Response:
        http_request: Any = request._request
        is_by_cookie = request.auth is None
        # The session is good on the host that made it; a token on any of the workspace's.
        host = http_request.get_host() if is_by_cookie else None
        url = urlsplit(http_request.tenant.url(PATH))
        base = f"{'wss' if url.scheme == 'https' else 'ws'}://{host or url.netloc}{url.path}"
        token = ticket_issue(
            Ticket(
                tenant_id=str(http_request.tenant.id),
                person_id=str(self.actor.person_id),
                cookie=_session_cookie(http_request) if is_by_cookie else "",
                authorization="" if is_by_cookie else http_request.headers["Authorization"],
            )
        )
        return Response(
            TicketSerializer(
                {"ticket": token, "url": f"{base}?ticket={token}", "expires_in_s": LIFETIME_S}
            ).data,
            status=201,
            headers={"Cache-Control": "no-store"},
        )


def _session_cookie(request: Any) -> str:
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={request.COOKIES[name]}"
