"""Parameters: from form encoding to typed values, checked by the classes that Stripe's library declares.

https://docs.stripe.com/api (form-encoded bodies); the library's `stripe.params` names every public parameter.
"""

import importlib
import re
import sys
import types
import typing
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Literal, NotRequired, get_args, get_origin
from urllib.parse import parse_qsl

from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject
from typing_extensions import is_typeddict

from apps.sandbox.stripe.errors import Invalid

Json = dict[str, Any]
PART = re.compile(r"\[([^\[\]]*)\]")
MAX_PAIRS = 5000
# Options of a request, which the library's classes mix with its parameters.
OPTIONS = frozenset(RequestOptions.__annotations__)
INTEGER = re.compile(r"-?\d{1,18}")


def parse(encoded: str) -> Json:
    """`a[b][0][c]=d` as nested dicts; a list is a dict with the keys 0, 1, ... Raises Invalid."""
    try:
        pairs = parse_qsl(
            encoded, keep_blank_values=True, max_num_fields=MAX_PAIRS, errors="strict"
        )
    except ValueError as error:
        raise Invalid("Invalid request body: it is no form encoding.") from error
    parsed: Json = {}
    for name, value in pairs:
        if "\0" in name or "\0" in value:
            raise Invalid("Invalid request body: it contains a NUL byte.")
        head = name.partition("[")[0]
        _put(parsed, [head, *PART.findall(name[len(head) :])], value, name)
    return parsed


def _put(target: Json, parts: list[str], value: str, name: str) -> None:
    for part in parts[:-1]:
        target = target.setdefault(part or str(len(target)), {})
        if not isinstance(target, dict):
            raise Invalid(f"Invalid request: {name} is given twice, in different ways.", param=name)
    target[parts[-1] or str(len(target))] = value


def lists(value: Any) -> Any:
    """With lists for the dicts that look like some: for values without a declared type."""
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [lists(value[key]) for key in sorted(value, key=int)]
    return {key: lists(one) for key, one in value.items()}


def check(given: Json, class_name: str, old_params: tuple[str, ...] = ()) -> Json:
    """The parameters with the types of the class; empty strings, which unset, as None. Raises Invalid.

    old_params: names that previous versions knew, taken as they are.
    """
    old = {name: lists(given[name]) for name in old_params if name in given}
    rest = {name: value for name, value in given.items() if name not in old}
    if not class_name:
        expand = lists(rest.pop("expand", []))
        if rest:
            raise _unknown(next(iter(rest)))
        return old | {"expand": expand}
    return _object(rest, _class(class_name), "", is_whole=not old) | old


def names(class_name: str) -> frozenset[str]:
    return frozenset(_fields(_class(class_name)))


@cache
def _class(name: str) -> type:
    """`CustomerCreateParams`, or `checkout.SessionCreateParams`."""
    package, _, short = name.rpartition(".")
    module = importlib.import_module(f"stripe.params{'.' + package if package else ''}")
    found: type = getattr(module, short)
    return found


@cache
def _fields(typed: type) -> dict[str, Any]:
    # The library's modules name each other's types only for type checkers.
    scope = {"StripeContext": Any, "Mapping": dict}
    hints = typing.get_type_hints(
        typed, vars(sys.modules[typed.__module__]) | scope, include_extras=True
    )
    return {name: hint for name, hint in hints.items() if name not in OPTIONS}


def _object(given: Json, typed: type, path: str, *, is_whole: bool = True) -> Json:
    """is_whole: what is required must be there; a previous version's parameter may stand for it."""
    fields = _fields(typed)
    checked: Json = {}
    for name, value in given.items():
        full = f"{path}[{name}]" if path else name
        if name not in fields:
            raise _unknown(full)
        checked[name] = _value(value, _bare(fields[name]), full)
    for name, hint in fields.items():
        if is_whole and get_origin(hint) is not NotRequired and name not in given:
            full = f"{path}[{name}]" if path else name
            raise Invalid(f"Missing required param: {full}.", code="parameter_missing", param=full)
    return checked


def _unknown(name: str) -> Invalid:
    return Invalid(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is NotRequired else hint


def _choices(hint: Any) -> list[Any]:
    if get_origin(hint) in (typing.Union, types.UnionType):
        return [choice for one in get_args(hint) for choice in _choices(one)]
    return [hint]


def _value(value: Any, hint: Any, path: str) -> Any:
    choices = _choices(hint)
    if not isinstance(value, dict):
        return _text(value, choices, path)
    if all(key.isdigit() for key in value):
        for choice in choices:
            if get_origin(choice) is list:
                return _list(value, _bare(get_args(choice)[0]), path)
    return _dict(value, choices, path)


def _list(value: Json, hint: Any, path: str) -> list[Any]:
    at = sorted(value, key=int)
    return [_value(value[key], hint, f"{path}[{key}]") for key in at]


def _dict(value: Json, choices: list[Any], path: str) -> Json:
    for choice in choices:
        if is_typeddict(choice):
            return _object(value, choice, path)
        origin = get_origin(choice) or choice
        if origin is dict and is_typeddict(inner := _choices(get_args(choice)[1])[-1]):
            return {key: _value(one, inner, f"{path}[{key}]") for key, one in value.items()}
        if origin in {dict, UntypedStripeObject} or choice is Any:
            return {key: one if one != "" else None for key, one in value.items()}
    raise Invalid(f"Invalid {_article(choices)}: {path}", param=path)


def _text(text: str, choices: list[Any], path: str) -> Any:
    literals = [
        one for choice in choices if get_origin(choice) is Literal for one in get_args(choice)
    ]
    if text == "":
        if "" not in literals and str not in choices:
            raise Invalid(
                f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset "
                f"a parameter; however '{path}' cannot be unset. You should remove '{path}' from your "
                "request or supply a non-empty value.",
                code="parameter_invalid_empty",
                param=path,
            )
        return None
    if text in literals or Any in choices:
        return text
    for kind, read in READERS.items():
        if kind in choices:
            return read(text, path)
    # Enumerations are open for type checkers (`Literal[...] | str`), and closed for the server.
    known = [one for one in literals if one]
    if str in choices and not known:
        return text
    if known:
        listed = ", ".join(known[:-1]) + f", or {known[-1]}" if len(known) > 1 else known[0]
        raise Invalid(f"Invalid {path}: must be one of {listed}", param=path)
    raise Invalid(f"Invalid {_article(choices)}: {path}", param=path)


def _article(choices: list[Any]) -> str:
    return "array" if any(get_origin(one) is list for one in choices) else "object"


def _integer(text: str, path: str) -> int:
    if not INTEGER.fullmatch(text):
        raise Invalid(f"Invalid integer: {text}", code="parameter_invalid_integer", param=path)
    return int(text)


def _boolean(text: str, path: str) -> bool:
    if text not in {"true", "false"}:
        raise Invalid(f"Invalid boolean: {text}", param=path)
    return text == "true"


def _decimal(text: str, path: str) -> str:
    """As text: what is counted in fractions of a cent is no float."""
    try:
        is_number = Decimal(text).is_finite()
    except InvalidOperation:
        is_number = False
    if not is_number:
        raise Invalid(f"Invalid decimal: {text}", param=path)
    return text


def _float(text: str, path: str) -> float:
    return float(_decimal(text, path))


READERS: dict[type, Callable[[str, str], Any]] = {
    int: _integer,
    bool: _boolean,
    float: _float,
    Decimal: _decimal,
}
