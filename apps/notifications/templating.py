"""Liquid, as far as strangers may write it: no code, no attributes of objects, no files, small.

Filters and tags are those that a sentence needs. Left out is what multiplies text faster than the limits
count it (`replace` with an empty text, `join` of a range), and what reads other templates.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.utils.functional import Promise
from liquid import Environment
from liquid.exceptions import LiquidError
from liquid.template import BoundTemplate

from apps.common.notifying import NotificationType
from apps.events.registry import events, fields_of

FILTERS = (
    *("append", "prepend", "capitalize", "upcase", "downcase", "strip", "squish", "truncate"),
    *("truncatewords", "default", "date", "size", "plus", "minus", "times", "divided_by", "round"),
)
TAGS = (
    *(
        "content",
        "output",
        "illegal",
        "#",
        "comment",
        "if",
        "unless",
        "case",
        "for",
        "break",
        "continue",
    ),
    *("assign", "capture"),
)
# So long is a source at most, in characters: as the fields are.
MAX_TITLE, MAX_BODY, MAX_ACTION = 300, 10_000, 100


class _Environment(Environment):
    """What a template may use up, counted in what it loops, keeps and writes."""

    block_nesting_limit = 10
    context_depth_limit = 10
    loop_iteration_limit = 200
    output_stream_limit = 20_000
    local_namespace_limit = 20_000

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=False)
        self.filters = {name: self.filters[name] for name in FILTERS}
        self.tags = {name: tag for name, tag in self.tags.items() if name in TAGS}


# Plain text comes out; who puts it into HTML escapes it there.
ENVIRONMENT = _Environment(autoescape=False)

# What comes out of Liquid besides its own errors: numbers that are too large, dates that are none, ...
_FAILURES = (LiquidError, ArithmeticError, ValueError, TypeError, LookupError, RecursionError)


class TemplateProblem(Exception):
    """A template that cannot be read, or cannot be filled in. message: one line, for who wrote it."""

    def __init__(self, message: str, line: int | None = None) -> None:
        self.message, self.line = message, line
        super().__init__(message)


@lru_cache(maxsize=1024)
def parsed(source: str) -> BoundTemplate:
    """Raises TemplateProblem."""
    try:
        return ENVIRONMENT.from_string(source)
    except _FAILURES as error:
        raise _problem(error) from error


def render(source: str | Promise, values: Mapping[str, Any]) -> str:
    """Plain text, of at most 20,000 bytes. Raises TemplateProblem."""
    template = parsed(str(source))
    try:
        return template.render(values)
    except _FAILURES as error:
        raise _problem(error) from error


def variables_of(source: str | Promise) -> set[str]:
    """Names that a template takes from outside. Raises TemplateProblem."""
    return set(parsed(str(source)).analyze().globals)


def variables(kind: NotificationType) -> list[str]:
    """Names that templates of a type can use, in the order of the alphabet."""
    event = events().get(kind.event)
    return sorted({*(fields_of(event) if event else ()), *kind.sample, "tenant", "actor"})


def _problem(error: Exception) -> TemplateProblem:
    if not isinstance(error, LiquidError):
        return TemplateProblem(f"{type(error).__name__}: {error}"[:200])
    place = error.context()
    message = str(error.message or type(error).__name__)[:200]
    return TemplateProblem(message, place[0] if place else None)
