"""What is answered: objects in the shape of the version that was asked for, with what is to be expanded."""

import re
from typing import Any

from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json, kind_of_id, registry

CURRENT = "2026-08-26.dahlia"
# The last before subscriptions and invoices changed their shape (2025-03-31.basil).
PREVIOUS = "2024-06-20"
BASIL = "2025-03-31"
VERSION = re.compile(r"20\d\d-[01]\d-[0-3]\d(\.[a-z_]+)?")
MAX_DEPTH = 4


def check_version(version: str) -> str:
    if not VERSION.fullmatch(version):
        raise Invalid(f"Invalid Stripe API version: {version}")
    return version


def is_before(version: str, date: str) -> bool:
    return version[:10] < date


def render(ctx: Context, value: Any) -> Any:
    """The value with each object in it in the shape of ctx.version."""
    if isinstance(value, list):
        return [render(ctx, one) for one in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("object")
    hidden = registry.hidden.get(str(kind), ())
    # What begins with _ is for the stand-in alone.
    rendered = {
        name: render(ctx, one)
        for name, one in value.items()
        if name not in hidden and not name.startswith("_")
    }
    if isinstance(kind, str) and not value.get("deleted"):
        for before, function in registry.renders.get(kind, ()):
            if is_before(ctx.version, before):
                rendered = function(ctx, rendered)
    return rendered


def answer(ctx: Context, value: Any, expand: list[str]) -> Any:
    """Rendered, with the attributes that `expand` names in place of their ids. Raises Invalid."""
    rendered = render(ctx, value)
    for path in expand:
        parts = path.split(".")
        is_list = isinstance(rendered, dict) and rendered.get("object") in {
            "list",
            "search_result",
        }
        if len(parts) - is_list > MAX_DEPTH:
            raise Invalid(
                f"You cannot expand more than {MAX_DEPTH} levels of a property. "
                f"You requested to expand: {path}.",
                param="expand",
            )
        _expand(ctx, rendered, parts, path)
    return rendered


def _expand(ctx: Context, target: Any, parts: list[str], path: str) -> None:
    if isinstance(target, list):
        for one in target:
            _expand(ctx, one, parts, path)
        return
    if not isinstance(target, dict) or not parts:
        return
    name, *rest = parts
    include = registry.includes.get((str(target.get("object")), name))
    if include is not None and name not in target:
        target[name] = render(ctx, include(ctx, target))
    elif name not in target:
        if target.get("deleted"):
            return
        raise Invalid(
            f"This property cannot be expanded ({path}). You may want to try expanding "
            f"'data.{path}' instead."
            if target.get("object") == "list"
            else f"This property cannot be expanded ({path}).",
            param="expand",
        )
    value = target[name]
    if isinstance(value, str):
        target[name] = value = _load(ctx, value, name, path)
    elif isinstance(value, list):
        target[name] = value = [
            _load(ctx, one, name, path) if isinstance(one, str) else one for one in value
        ]
    _expand(ctx, value, rest, path)


def _load(ctx: Context, object_id: str, name: str, path: str) -> Json:
    kind = kind_of_id(object_id, name)
    if not kind:
        raise Invalid(f"This property cannot be expanded ({path}).", param="expand")
    loaded: Json = render(ctx, ctx.show(kind, object_id))
    return loaded
