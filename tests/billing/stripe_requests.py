"""The requests that billing's code sends to Stripe: what tests note, and what Stripe's library declares.

REGENERATE_STRIPE_REQUESTS=1 adds what is noted to stripe_requests.json.
"""

import fcntl
import importlib
import inspect
import json
import os
import pkgutil
import re
import sys
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, NotRequired, Union, get_args, get_origin
from typing import NotRequired as OldNotRequired
from urllib.parse import parse_qsl, urlsplit

import pytest
import stripe
from stripe._request_options import RequestOptions
from typing_extensions import is_typeddict

FILE = Path(__file__).with_name("stripe_requests.json")
REGENERATES = bool(os.environ.get("REGENERATE_STRIPE_REQUESTS"))
OPTIONS = frozenset(RequestOptions.__annotations__)
# By "GET /v1/customers/{id}": the names of parameters, such as items[].price.
Requests = dict[str, set[str]]

METHOD = re.compile(
    r"    def \w+\(.*?params: (?:Optional\[)?\"?(?P<class>[\w.]+)\"?.*?"
    r"self\._request\(\s*\"(?P<method>\w+)\",\s*\"(?P<path>/v1/[^\"]+)\"",
    re.DOTALL,
)
DEFINITION = re.compile(r"^(?=    (?:async )?def )", re.MULTILINE)


@cache
def declared() -> dict[str, str]:
    """The class of parameters by method and path, out of the source of the library's services."""
    found = {}
    for module in pkgutil.walk_packages(stripe.__path__, "stripe."):
        if not module.name.endswith("_service"):
            continue
        source = inspect.getsource(importlib.import_module(module.name))
        package = module.name.split(".")[1:-1]
        for part in DEFINITION.split(source):
            if one := METHOD.match(part):
                path = re.sub(r"\{\w+\}", "{id}", one["path"])
                name = ".".join(["stripe.params", *package, one["class"]])
                found.setdefault(f"{one['method'].upper()} {path}", name)
    return found


def route_of(method: str, path: str) -> str:
    """Of what the library can ask, the one with the fewest ids."""
    parts = path.split("/")
    fits = []
    for route in declared():
        verb, _, template = route.partition(" ")
        wanted = template.split("/")
        is_alike = verb == method and len(wanted) == len(parts)
        if is_alike and all(a in (b, "{id}") for a, b in zip(wanted, parts, strict=True)):
            fits.append((template.count("{id}"), route))
    return min(fits)[1] if fits else f"{method} {path}"


def names_of(encoded: str) -> set[str]:
    """`items[0][price]=x` is items[].price."""
    names = set()
    for key, _value in parse_qsl(encoded, keep_blank_values=True):
        head, *inside = re.split(r"\]?\[", key.rstrip("]"))
        name = head
        for part in inside:
            name += "[]" if part.isdigit() or not part else f".{part}"
        names.add(name)
    return names


def undeclared(route: str, names: typing.Iterable[str]) -> set[str]:
    """Those that Stripe's library does not know for it; all of what it cannot ask at all."""
    whole = declared().get(route)
    if whole is None:
        return {route}
    module, _, short = whole.rpartition(".")
    cls = getattr(importlib.import_module(module), short)
    return {f"{route} {name}" for name in names if not _knows(cls, re.split(r"\.|(?=\[\])", name))}


def _knows(kind: Any, parts: list[str]) -> bool:
    if not parts:
        return True
    first, rest = parts[0], parts[1:]
    for one in _options(kind):
        if is_typeddict(one):
            known = _fields(one)
            if first in known and _knows(known[first], rest):
                return True
            continue
        is_within = get_origin(one) is dict or (get_origin(one) is list and first == "[]")
        if is_within and _knows(get_args(one)[-1], rest):
            return True
    return False


@cache
def _fields(kind: Any) -> dict[str, Any]:
    """Without the options of a request, which the library's classes mix with its parameters."""
    own = {name: hint for name, hint in kind.__annotations__.items() if name not in OPTIONS}
    holder = type("Holder", (), {"__annotations__": own})
    return typing.get_type_hints(holder, vars(sys.modules[kind.__module__]))


def _options(kind: Any) -> Iterator[Any]:
    if get_origin(kind) in (Union, UnionType, NotRequired, OldNotRequired):
        for one in get_args(kind):
            yield from _options(one)
    else:
        yield kind


def _is_ours() -> bool:
    """Whether billing's own code asks, not a test."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith("apps.billing."):
            return True
        if name.startswith("tests.") and not name.endswith("stripe_requests"):
            return False
        frame = frame.f_back
    return False


@contextmanager
def noted() -> Iterator[Requests]:
    """For the block: the requests that are sent, in any thread."""
    found: Requests = {}
    send = stripe.RequestsClient.request

    def request(
        self: Any, method: str, url: str, headers: Any, post_data: Any = None, **more: Any
    ) -> Any:
        if _is_ours():
            parts = urlsplit(url)
            path = "/v1/" + parts.path.partition("/v1/")[2]
            names = found.setdefault(route_of(method.upper(), path), set())
            names |= names_of(parts.query) | names_of(str(post_data or ""))
        return send(self, method, url, headers, post_data, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stripe.RequestsClient, "request", request)
        yield found


def known() -> Requests:
    text = FILE.read_text() if FILE.exists() else "{}"
    return {route: set(names) for route, names in json.loads(text).items()}


def check(found: Requests) -> None:
    """All of them are in the file; or are added to it."""
    if not REGENERATES:
        expected = known()
        new = {
            f"{route} {name}".strip()
            for route, names in found.items()
            for name in (names or {""})
            if route not in expected or (name and name not in expected[route])
        }
        assert new == set(), f"new at Stripe; see {__name__}"
    elif found:
        with FILE.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            whole = known()
            for route, names in found.items():
                whole.setdefault(route, set()).update(names)
            ordered = {route: sorted(whole[route]) for route in sorted(whole)}
            FILE.write_text(json.dumps(ordered, indent=2) + "\n")
