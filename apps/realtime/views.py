"""What is at `/ws/`: nothing for a plain request; for this platform's own, who may listen and to what."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.common.access import paths_allowed
from apps.common.api.permissions import IsPerson
from apps.common.api.views import IsInTenant, PersonView, PlatformView, TenantView
from apps.common.live import audience_of, live_topics
from apps.common.problems import problem_response
from apps.realtime.errors import OriginRefused, TicketInvalid, UpgradeRequired
from apps.realtime.judging import DOOR, Admission, Door


@csrf_exempt
def socket(request: HttpRequest) -> HttpResponseBase:
    """Any method, anybody: 426. Only a handshake that this platform's own process judges goes on."""
    if DOOR in request.META:
        view = TenantSocketView if getattr(request, "tenant", None) else PublicSocketView
        return view.as_view()(request)
    return _upgrade_required(request)


def _upgrade_required(request: HttpRequest) -> HttpResponse:
    error = UpgradeRequired()
    return problem_response(
        request,
        status=error.status,
        code=error.code,
        title=str(error.title),
        detail=str(error.detail),
        headers={"Upgrade": "websocket"},
    )


class _Handshake(PlatformView):
    """Answers 204, and puts into the door who it is and what they hear.

    Connections have limits of their own, and those that are open are judged again whenever rights change.
    """

    is_limited = False

    def get(self, request: Request) -> Response:
        http_request: Any = request._request
        door: Door = http_request.META[DOOR]
        # Whoever has a ticket was given it: no other site can bring one.
        if request.auth is None and door.wanted is None:
            _require_same_origin(http_request)
        admission = self.admission(http_request)
        if door.wanted not in (None, (str(admission.tenant_id), str(admission.person_id))):
            raise TicketInvalid
        door.admission = admission
        return Response(status=204)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        http_request: Any = request._request
        if http_request.META[DOOR].is_ticket_bad:
            raise TicketInvalid
        super().initial(request, *args, **kwargs)

    def admission(self, http_request: Any) -> Admission:
        raise NotImplementedError


class IsPersonInTenant(IsInTenant):
    """As IsInTenant, and no program: what is told is told to people."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return super().has_permission(request, view) and IsPerson().has_permission(request, view)


class TenantSocketView(_Handshake, TenantView):
    permission_classes = (IsPersonInTenant,)

    def admission(self, http_request: Any) -> Admission:
        actor, person_id = self.actor, self.actor.person_id
        assert person_id is not None  # noqa: S101 - IsPersonInTenant
        tenant = str(http_request.tenant.id)
        topics = [
            topic
            for topic in live_topics()
            if topic.permission is None or paths_allowed(actor, topic.permission) != []
        ]
        heard = (audience_of(person_id), *map(audience_of, topics))
        return Admission(http_request.tenant.id, person_id, tuple((tenant, one) for one in heard))


class PublicSocketView(_Handshake, PersonView):
    """On the public host: what concerns the person in no tenant, as one that is being made for them."""

    permission_classes = (IsPerson,)

    def admission(self, http_request: Any) -> Admission:
        person: Any = self.request.user
        return Admission(None, person.pk, (("", audience_of(person.pk)),))


def _require_same_origin(request: HttpRequest) -> None:
    """Browsers send cookies along from pages of anybody, and no preflight (RFC 6455, section 10.2).

    A workspace's neighbour on the same domain is such an anybody, whom SameSite does not keep out.
    """
    sent = request.headers.get("Origin", "").lower()
    if sent != f"{request.scheme}://{request.get_host()}".lower():
        raise OriginRefused
