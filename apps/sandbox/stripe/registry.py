"""What the resource modules declare: kinds of objects, routes, shapes, what is due."""

import importlib
import pkgutil
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apps.sandbox.stripe.context import Context

Json = dict[str, Any]
Handler = Callable[..., Any]
Render = Callable[["Context", Json], Json]
# A function of a module of `resources`, as it was.
Declared = Callable[[Any], Any]


@dataclass(frozen=True)
class Kind:
    """prefix: of its ids. keeps_deleted: what is deleted is still shown, as no more than that."""

    name: str
    prefix: str
    keeps_deleted: bool = False
    # Names of fields of other objects that hold ids of this kind, besides its own name.
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """params: name of a class in `stripe.params`, empty for none. old_params: of previous versions, too."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    params: str
    old_params: tuple[str, ...] = ()


@dataclass
class Registry:
    kinds: dict[str, Kind] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    # By kind: the version before which it holds, and what makes the shape.
    renders: dict[str, list[tuple[str, Render]]] = field(default_factory=lambda: defaultdict(list))
    includes: dict[tuple[str, str], Render] = field(default_factory=dict)
    # Attributes that are kept with the object, and shown only where they are expanded.
    hidden: dict[str, tuple[str, ...]] = field(default_factory=dict)
    listeners: dict[str, list[Callable[["Context", Json], None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    due: dict[str, Callable[["Context", Json], None]] = field(default_factory=dict)


registry = Registry()


def kind(
    name: str, *, prefix: str, keeps_deleted: bool = False, fields: tuple[str, ...] = ()
) -> None:
    registry.kinds[name] = Kind(name, prefix, keeps_deleted, fields)


def route(
    method: str, path: str, params: str = "", *, old_params: tuple[str, ...] = ()
) -> Declared:
    """path: `/v1/customers/{customer}`; what is in braces becomes a keyword of the handler."""
    pattern = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path))

    def declare(handler: Any) -> Any:
        registry.routes.append(Route(method, pattern, handler, params, old_params))
        return handler

    return declare


def renders(name: str, *, before: str) -> Declared:
    """The function makes, of an object in the current shape, that of versions before this date."""

    def declare(function: Any) -> Any:
        registry.renders[name].append((before, function))
        return function

    return declare


def includes(name: str, attribute: str) -> Declared:
    """The function gives an attribute that the object has only where it is expanded."""

    def declare(function: Any) -> Any:
        registry.includes[name, attribute] = function
        return function

    return declare


def hides(name: str, *attributes: str) -> None:
    """These attributes of the stored object are shown only where `expand` names them."""
    registry.hidden[name] = attributes
    for attribute in attributes:
        registry.includes[name, attribute] = lambda ctx, data, attribute=attribute: ctx.get(  # type: ignore[misc]
            name, data["id"]
        ).get(attribute)


def on_event(event: str) -> Declared:
    """The function is called with the object of each such event, in the transaction that emits it."""

    def declare(function: Any) -> Any:
        registry.listeners[event].append(function)
        return function

    return declare


def on_due(name: str) -> Declared:
    """The function is called when an object of this kind is due; it must save it with another due_at."""

    def declare(function: Any) -> Any:
        registry.due[name] = function
        return function

    return declare


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Words of the path before its parameters: `/v1/customers/search` is no customer."""
    load()
    found = [
        (one, match.groupdict())
        for one in registry.routes
        if one.method == method and (match := one.pattern.fullmatch(path))
    ]
    return min(found, key=lambda one: len(one[1]), default=None)


def kind_of_id(object_id: str, attribute: str) -> str:
    """By the id's prefix, else by the attribute that holds it; empty where it is none that is known."""
    for one in sorted(registry.kinds.values(), key=lambda one: -len(one.prefix)):
        if one.prefix and object_id.startswith(one.prefix):
            return one.name
    for one in registry.kinds.values():
        if attribute == one.name or attribute in one.fields:
            return one.name
    return ""


@cache
def load() -> None:
    """Import every module of `resources`."""
    package = importlib.import_module("apps.sandbox.stripe.resources")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
