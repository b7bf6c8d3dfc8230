"""What a request's Content-Type says never decides how, or whether, it can be read."""

from typing import Any
from wsgiref.util import setup_testing_defaults

import orjson
import pytest
from django.core.handlers.wsgi import WSGIHandler

from apps.common.requests import Utf8WSGIRequest

pytestmark = pytest.mark.django_db


def ask(path: str, query: str, content_type: str) -> tuple[str, dict[str, Any]]:
    """Through the handler that `config.wsgi` makes; the test client has a request class of its own."""
    handler = WSGIHandler()
    handler.request_class = Utf8WSGIRequest
    environ = {
        "HTTP_HOST": "localhost:8000",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_TYPE": content_type,
    }
    setup_testing_defaults(environ)
    started: list[str] = []
    body = b"".join(handler(environ, lambda status, headers: started.append(status)))
    return started[0], orjson.loads(body)


@pytest.mark.parametrize(
    "content_type",
    [
        *(f"text/plain; charset={name}" for name in ("hex", "undefined", "idna", "zlib", "utf-7")),
        "text/plain; charset*=hex''%41",
    ],
)
def test_content_types_that_cannot_be_used(content_type: str) -> None:
    status, problem = ask("/api/v1/me/", "q=%41", content_type)
    assert status.startswith("415 ")
    assert problem["code"] == "unsupported_media_type"


def test_others_are_read_as_utf_8() -> None:
    status, problem = ask("/api/v1/me/", "q=%C3%A9", "text/plain; charset=UTF-8")
    assert (status.split()[0], problem["code"]) == ("401", "not_authenticated")
