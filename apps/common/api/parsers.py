"""JSON in: strict about what it accepts, so that nothing odd reaches a service."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from apps.common.api.exceptions import BodyTooLarge

MAX_BODY_BYTES = 1_048_576
# Far below Python's stack: messages repeat what was sent, and repr() is recursive.
MAX_DEPTH = 64


class StrictJSONParser(BaseParser):
    """RFC 8259 JSON in UTF-8 of at most 1 MiB and 64 levels, no NaN, no NUL characters in strings."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(MAX_BODY_BYTES + 1)
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLarge
        try:
            data = orjson.loads(body) if body.strip() else {}
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not valid JSON: {error}") from error
        if b"\\u0000" in body and _has_nul(data):
            raise ParseError("Strings must not contain the NUL character.")
        if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_too_deep(data):
            raise ParseError(f"The body is nested deeper than {MAX_DEPTH} levels.")
        return data


def _is_too_deep(data: Any) -> bool:
    level = [data]
    for _ in range(MAX_DEPTH + 1):
        level = [value for value in level if isinstance(value, (dict, list))]
        if not level:
            return False
        level = [
            child
            for value in level
            for child in (value.values() if isinstance(value, dict) else value)
        ]
    return True


def _has_nul(data: Any) -> bool:
    """Without recursion: JSON may be nested deeper than Python's stack."""
    left = [data]
    while left:
        value = left.pop()
        if isinstance(value, str):
            if "\0" in value:
                return True
        elif isinstance(value, dict):
            left += value.keys()
            left += value.values()
        elif isinstance(value, list):
            left += value
    return False
