"""JSON in: strict about what it accepts, so that nothing odd reaches a service."""

import re
from collections.abc import Mapping
from typing import IO, Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from apps.common.api.exceptions import BodyTooLarge

MAX_BODY_BYTES = 1_048_576
# Far below Python's stack: messages repeat what was sent, and repr() is recursive.
MAX_DEPTH = 64
# Beyond it a whole number is no longer exact: it was read as a float.
MAX_FLOAT = 2.0**63
STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')


class StrictJSONParser(BaseParser):
    """RFC 8259 JSON in UTF-8 of at most 1 MiB and 64 levels: no name twice in an object, no NUL in strings.

    Numbers are finite, and whole ones have at most 64 bits: others would silently become something else.
    """

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
        # Outside of strings, a colon follows each name, and nothing else.
        if _names(data) != STRING.sub(b"", body).count(b":"):
            raise ParseError("An object names a member twice.")
        return data


def _names(data: Any) -> int:
    """How many members all objects have together. Level by level: JSON may be deeper than Python's stack.

    Raises ParseError for what must not be in it.
    """
    names, level = 0, [data]
    for _depth in range(MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                names += len(value)
                _check_texts(value)
                below += value.values()
            elif isinstance(value, list):
                below += value
            else:
                _check_scalar(value)
        if not below:
            return names
        level = below
    if any(isinstance(value, (dict, list)) for value in level):
        raise ParseError(f"The body is nested deeper than {MAX_DEPTH} levels.")
    for value in level:
        _check_scalar(value)
    return names


def _check_texts(texts: Mapping[str, Any]) -> None:
    if any("\0" in text for text in texts):
        raise ParseError("Strings must not contain the NUL character.")


def _check_scalar(value: Any) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise ParseError("Strings must not contain the NUL character.")
    elif isinstance(value, float) and abs(value) >= MAX_FLOAT:
        raise ParseError("Numbers must be between -2^63 and 2^63.")
