"""Every address of both sites, read from the URL configurations themselves."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern, RoutePattern
from django.utils.regex_helper import normalize

CONVERTER = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Route:
    """template: the path with its parameters in braces. methods: those other than GET.

    needs_tenant: an operation of the API on a tenant's own data.
    """

    template: str
    methods: tuple[str, ...]
    needs_tenant: bool

    def path(self, samples: Mapping[str, str]) -> str:
        return re.sub(r"{(\w+)}", lambda found: samples[found[1]], self.template)


def routes(urlconf: str) -> list[Route]:
    """In the order of their paths, each path once: the first pattern that has it answers."""
    found: dict[str, Route] = {}
    for template, pattern in _walk(get_resolver(urlconf), "/"):
        view = pattern.callback
        needs_tenant = bool(getattr(getattr(view, "cls", None), "needs_tenant", False))
        found.setdefault(template, Route(template, _methods(view), needs_tenant))
    return [found[template] for template in sorted(found)]


def _walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        template = prefix + _template(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry, template)
        else:
            yield template, entry


def _template(pattern: Any) -> str:
    if isinstance(pattern, RoutePattern):
        return CONVERTER.sub(r"{\g<name>}", str(pattern))
    assert isinstance(pattern, RegexPattern)
    text, names = normalize(str(pattern))[0]
    return text % {name: f"{{{name}}}" for name in names}


def _methods(callback: Any) -> tuple[str, ...]:
    """What a class answers to; POST for functions, which do not say."""
    view_class = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    if view_class is None:
        return ("POST",)
    return tuple(method for method in UNSAFE if hasattr(view_class, method.lower()))
