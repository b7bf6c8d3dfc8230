"""What the endpoints share: sign-in, input, output, versions, pages, errors."""

import uuid
from collections.abc import Callable, Mapping
from typing import IO, Any, TypeVar, cast

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.decorators import method_decorator
from django.utils.http import parse_etags
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from scim2_models import (
    Context,
    ListResponse,
    NotImplementedException,
    PreconditionFailedException,
    Resource,
    ResponseParameters,
    SearchRequest,
)

from apps.common.actors import Actor
from apps.common.api.parsers import StrictJSONParser
from apps.common.errors import NotFound, PlatformError
from apps.common.ids import parse_uuid
from apps.common.problems import SCIM_CONTENT_TYPE
from apps.organizations.scim.authentication import authenticate
from apps.organizations.scim.errors import error_response
from apps.organizations.scim.resources import POLICY
from apps.tenants.http import PlatformRequest

ROOT = "/scim/v2"
MAX_COUNT = 200
DEFAULT_COUNT = 100
# Further than anybody's list goes, and still a number to PostgreSQL.
MAX_INDEX = 2**31
MEDIA_TYPES = ("application/scim+json", "application/json", "")

R = TypeVar("R", bound=Resource[Any])


class MethodNotAllowed(PlatformError):
    status = 405
    code = "method_not_allowed"
    default_detail = "This endpoint does not have that method."


class UnsupportedMediaType(PlatformError):
    status = 415
    code = "unsupported_media_type"
    default_detail = "Send application/scim+json or application/json."


@method_decorator(csrf_exempt, name="dispatch")
class ScimView(View):
    """An endpoint for a tenant's identity provider, who acts as `self.actor`. Cookies mean nothing here."""

    request: PlatformRequest
    actor: Actor

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            with POLICY:
                self.actor = self._provider()
                return super().dispatch(request, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the edge: every error leaves as SCIM's
            return error_response(request, error)

    def _provider(self) -> Actor:
        if self.request.tenant is None:
            raise NotFound("SCIM is at the workspace's own address.")
        return authenticate(self.request, self.request.tenant)

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        allowed = (name.upper() for name in self.http_method_names if hasattr(self, name))
        raise MethodNotAllowed(headers={"Allow": ", ".join(allowed)})

    @property
    def base_url(self) -> str:
        """Where the client found us: its own name for the workspace."""
        return f"{self.request.scheme}://{self.request.get_host()}{ROOT}"

    def body(self) -> Any:
        """The body's JSON. Raises ParseError, BodyTooLarge, UnsupportedMediaType."""
        if (self.request.content_type or "").lower() not in MEDIA_TYPES:
            raise UnsupportedMediaType
        return StrictJSONParser().parse(cast(IO[bytes], self.request))

    def parameters(self, model: type[R]) -> ResponseParameters[R]:
        """`attributes` and `excludedAttributes` of the query."""
        query = {
            name: self.request.GET[name]
            for name in ("attributes", "excludedAttributes")
            if name in self.request.GET
        }
        bound: Any = ResponseParameters[model]  # type: ignore[valid-type]
        found: ResponseParameters[R] = bound.model_validate(query)
        return found

    def one(
        self,
        resource: Resource[Any],
        context: Context,
        parameters: ResponseParameters[Any],
        *,
        status: int = 200,
    ) -> HttpResponseBase:
        """A resource with its version; 304 if the caller has this version already."""
        assert resource.meta is not None  # noqa: S101 - we made it
        headers = {
            "ETag": str(resource.meta.version),
            "Content-Location": str(resource.meta.location),
        }
        if status == 201:
            headers["Location"] = headers["Content-Location"]
        data = resource.model_dump(scim_ctx=context, response_parameters=parameters)
        response = answer(data, status=status, headers=headers)
        if self.request.method not in ("GET", "HEAD"):
            return response
        found = get_conditional_response(self.request, etag=headers["ETag"], response=response)
        if found is not None and found.status_code == PreconditionFailedException.status:
            raise PreconditionFailedException
        return found or response

    def check_version(self, version: str) -> None:
        """Compare If-Match, if it was sent, with the version of the locked object.

        Weakly, unlike RFC 9110, section 13.1.1: RFC 7644, section 3.14, has clients send back the weak tag.
        Raises PreconditionFailedException.
        """
        if "If-Match" not in self.request.headers:
            return
        sent = [tag.removeprefix("W/") for tag in parse_etags(self.request.headers["If-Match"])]
        if sent != ["*"] and version.removeprefix("W/") not in sent:
            raise PreconditionFailedException


def answer(
    data: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    return HttpResponse(
        orjson.dumps(data), status=status, content_type=SCIM_CONTENT_TYPE, headers=headers
    )


def page(
    search: SearchRequest[R],
    model: type[R],
    total: int,
    rows: Callable[[int, int], list[R]],
) -> HttpResponse:
    """A list response (RFC 7644, section 3.4.2.4). rows: those from an offset to another."""
    start = min(search.start_index_0 or 0, MAX_INDEX)
    count = min(DEFAULT_COUNT if search.count is None else search.count, MAX_COUNT)
    found = rows(start, start + count) if count and start < total else []
    bound: Any = ListResponse[model]  # type: ignore[valid-type]
    listed = bound(
        total_results=total, start_index=start + 1, items_per_page=len(found), resources=found
    )
    data = listed.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=search)
    data.setdefault("Resources", [])
    return answer(data)


def object_id(value: str) -> uuid.UUID:
    """An id in an address. Raises NotFound for what cannot be one."""
    found = parse_uuid(value)
    if found is None:
        raise NotFound
    return found


class NotImplementedView(ScimView):
    """What RFC 7644 lets a service leave out (/Me, /Bulk, a search over all types): 501, as it says."""

    def _refuse(self, request: HttpRequest) -> HttpResponse:
        raise NotImplementedException

    get = post = put = patch = delete = _refuse


class UnknownView(ScimView):
    """An address that SCIM does not have."""

    def _refuse(self, request: HttpRequest) -> HttpResponse:
        raise NotFound

    get = post = put = patch = delete = _refuse
