"""Every answer that a test gets is compared with the OpenAPI document."""

import json
import re
from functools import cache
from typing import Any
from urllib.parse import parse_qs, quote

from drf_spectacular.renderers import OpenApiJsonRenderer
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from apps.api.views import schema_rendered

PROBLEM_KEYS = {"type", "title", "status", "code", "detail", "errors", "request_id"}
PARAMETER = re.compile(r"<\w+:(\w+)>")


@cache
def document() -> dict[str, Any]:
    return json.loads(schema_rendered(OpenApiJsonRenderer))


@cache
def validator_of(*where: str) -> Draft202012Validator:
    """Validator of the schema at a place in the document."""
    escaped = [part.replace("~", "~0").replace("/", "~1") for part in where]
    pointer = quote("/" + "/".join(escaped), safe="/~")
    resource = Resource.from_contents(document(), default_specification=DRAFT202012)
    registry: Registry = Registry().with_resource("urn:api", resource)
    return Draft202012Validator(
        {"$ref": f"urn:api#{pointer}"},
        registry=registry,
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )


def check(response: Any) -> None:
    """Status, content type and body are what the document says of this operation."""
    if response.status_code >= 400:
        assert response["Content-Type"] == "application/problem+json", response.content
        body = response.json()
        validator_of("components", "schemas", "Problem").validate(body)
        assert set(body) == PROBLEM_KEYS
        assert body["status"] == response.status_code
        assert body["request_id"] == response["X-Request-ID"]
    match = response.resolver_match
    path = "/" + PARAMETER.sub(r"{\1}", match.route) if match else ""
    operation = document()["paths"].get(path, {}).get(response.request["REQUEST_METHOD"].lower())
    if operation is None:
        assert response.status_code in (404, 405, 400), f"undocumented: {path}"
        return
    status = str(response.status_code)
    if response.status_code == 304 or (status not in operation["responses"] and int(status) >= 400):
        return  # not an answer of its own, or the documented default: a Problem
    documented = operation["responses"][status]
    if "content" not in documented:
        assert response.content == b""
        return
    media_type = response["Content-Type"].partition(";")[0]
    assert media_type in documented["content"], f"{media_type} of {path}"
    if media_type in ("text/csv", "application/x-ndjson"):
        return
    if "fields" in parse_qs(response.request["QUERY_STRING"]):
        return  # a part of what the document says, which is of whole objects
    method = response.request["REQUEST_METHOD"].lower()
    where = ("paths", path, method, "responses", status, "content", media_type, "schema")
    validator_of(*where).validate(response.json())
