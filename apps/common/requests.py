"""The request classes of both entry points: text is UTF-8, whatever charset a request names. And its host."""

from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.utils.http import parse_header_parameters

# In the WSGI environment of a request that the platform makes to itself: no client can set it, for what they
# send is below HTTP_. The log has it at the level of details.
INTERNAL = "wrapper.internal"


class _Utf8:
    """Django decodes by the named charset before any middleware runs: `charset=hex` ends in a crash.

    Here it only notes it, and BadInputMiddleware refuses it.
    """

    content_type: str | None
    content_params: dict[str, str] | None

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            parsed = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (LookupError, ValueError):
            parsed = "", {"charset": "unreadable"}
        self.content_type, self.content_params = parsed


class Utf8WSGIRequest(_Utf8, WSGIRequest):
    pass


class Utf8ASGIRequest(_Utf8, ASGIRequest):
    pass


def host_name(request: HttpRequest) -> str:
    """The host that is asked: lower case, without port and final dot. Raises DisallowedHost."""
    return split_domain_port(request.get_host())[0].rstrip(".")
