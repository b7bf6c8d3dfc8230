"""The OpenAPI document, its page, and the answer to addresses that the API does not have."""

from collections.abc import Hashable
from functools import cache
from typing import Any, cast

from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from apps.common.errors import NotFound, PlatformError
from apps.common.gate import notes_of
from apps.common.problems import problem_response
from apps.common.security_headers import WITHOUT_TRUSTED_TYPES

URLCONF = "apps.api.urls"


@cache
def schema_rendered(renderer_class: type[BaseRenderer]) -> bytes:
    """The document in one format. It depends on the code alone, so each process makes it once."""
    generator: Any = SchemaGenerator(urlconf=URLCONF)  # type: ignore[no-untyped-call]
    document = generator.get_schema(request=None, public=True)
    rendered = renderer_class().render(document, renderer_context={})
    return rendered if isinstance(rendered, bytes) else str(rendered).encode()


class SchemaView(SpectacularAPIView):
    """OpenAPI 3.1 as YAML, or as JSON with `Accept: application/json` or `?format=json`."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: object, **kwargs: object) -> HttpResponse:
        renderer = request.accepted_renderer
        return HttpResponse(
            schema_rendered(cast(Hashable, type(renderer))),
            content_type=renderer.media_type,
            headers={"Cache-Control": "public, max-age=60", "Vary": "Accept"},
        )


@csp_replace(WITHOUT_TRUSTED_TYPES)
def docs(request: HttpRequest) -> HttpResponse:
    """Swagger UI, from the static files of a package; its own script is static too."""
    if request.method not in ("GET", "HEAD"):
        return problem_response(
            request,
            status=405,
            code="method_not_allowed",
            title="Method not allowed",
            detail=f"Method “{request.method}” not allowed.",
            headers={"Allow": "GET, HEAD"},
        )
    # Not the classes themselves: a template would call them.
    codes = [(error.code, error.status, error.default_detail) for error in problem_codes()]
    return render(request, "api/docs.html", {"codes": codes})


def problem_codes() -> list[type[PlatformError]]:
    """One class for each code, where the `type` of a problem leads.

    Codes that only one operation uses are described there instead.
    """
    found: dict[str, type[PlatformError]] = {}
    left = [PlatformError]
    while left:
        error = left.pop()
        found.setdefault(error.code, error)
        left += error.__subclasses__()
    return sorted(found.values(), key=lambda error: (error.status, error.code))


@csrf_exempt
def not_found(request: HttpRequest) -> HttpResponse:
    """Any method, anybody: the same body as for an object that is not there."""
    if notes := notes_of(request.META):
        notes.is_refused = True
    detail = str(NotFound.default_detail)
    if not request.path.endswith("/"):
        detail = f"{detail} Paths of the API end with a slash."
    return problem_response(
        request,
        status=NotFound.status,
        code=NotFound.code,
        title=str(NotFound.title),
        detail=detail,
    )
