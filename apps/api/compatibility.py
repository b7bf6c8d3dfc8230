"""What two OpenAPI documents have different, and which of it breaks clients of the older one.

Only what the framework's documents use is understood: properties, enums, types, bounds, oneOf and allOf.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

METHODS = ("get", "put", "post", "patch", "delete")
# Bounds of what is sent: with the larger value less is accepted, or with the smaller one.
LOWER_BOUNDS = ("minimum", "minLength", "minItems")
UPPER_BOUNDS = ("maximum", "maxLength", "maxItems")
Schema = Mapping[str, Any]


class Kind(StrEnum):
    """In the order of a changelog."""

    BREAKING = "Breaking"
    DEPRECATED = "Deprecated"
    ADDED = "Added"
    CHANGED = "Changed"


@dataclass(frozen=True, slots=True)
class Change:
    """where: the operation's id, or a schema and its property."""

    kind: Kind
    what: str
    where: str


def changes(old: Schema, new: Schema) -> list[Change]:
    """Each once, also where many operations share a schema."""
    return list(dict.fromkeys(_Comparison(old, new).changes()))


class _Comparison:
    def __init__(self, old: Schema, new: Schema) -> None:
        self.old, self.new = old, new
        # Pairs of references that are compared, or being compared, for a direction.
        self._seen: set[tuple[str, str, bool]] = set()

    def changes(self) -> Iterator[Change]:
        before, after = _operations(self.old), _operations(self.new)
        for key in sorted({*before, *after}):
            was, now = before.get(key), after.get(key)
            if now is None:
                yield Change(Kind.BREAKING, f"`{key}` is gone", before[key]["operationId"])
            elif was is None:
                yield Change(Kind.ADDED, f"`{key}`", now["operationId"])
            else:
                yield from self._operation(was, now)

    def _operation(self, was: Schema, now: Schema) -> Iterator[Change]:
        where = now["operationId"]
        if was["operationId"] != where:
            yield Change(Kind.BREAKING, f"was named `{was['operationId']}`", where)
        if now.get("deprecated") and not was.get("deprecated"):
            yield Change(Kind.DEPRECATED, "the operation", where)
        yield from self._security(where, was, now)
        yield from self._parameters(where, was, now)
        yield from self._request(where, was.get("requestBody"), now.get("requestBody"))
        yield from self._answers(where, was["responses"], now["responses"])

    @staticmethod
    def _security(where: str, was: Schema, now: Schema) -> Iterator[Change]:
        before, after = (
            {" and ".join(one) or "nobody" for one in operation.get("security", [{}])}
            for operation in (was, now)
        )
        for scheme in sorted(before - after):
            yield Change(Kind.BREAKING, f"no longer open to `{scheme}`", where)
        for scheme in sorted(after - before):
            yield Change(Kind.ADDED, f"open to `{scheme}`", where)

    def _parameters(self, where: str, was: Schema, now: Schema) -> Iterator[Change]:
        before, after = (
            {f"{one['in']} parameter `{one['name']}`": one for one in op.get("parameters", [])}
            for op in (was, now)
        )
        for name in sorted({*before, *after}):
            one, other = before.get(name), after.get(name)
            if other is None:
                yield Change(Kind.BREAKING, f"no longer takes the {name}", where)
                continue
            is_required = bool(other.get("required"))
            if one is None:
                kind = Kind.BREAKING if is_required else Kind.ADDED
                yield Change(kind, f"{'needs' if is_required else 'takes'} the {name}", where)
                continue
            if is_required and not one.get("required"):
                yield Change(Kind.BREAKING, f"needs the {name}", where)
            if other.get("deprecated") and not one.get("deprecated"):
                yield Change(Kind.DEPRECATED, f"the {name}", where)
            yield from self._schema(f"{where}, {name}", one["schema"], other["schema"], sent=True)

    def _request(self, where: str, was: Schema | None, now: Schema | None) -> Iterator[Change]:
        before, after = ((body or {}).get("content", {}) for body in (was, now))
        if now is not None and now.get("required") and not (was and was.get("required")):
            yield Change(Kind.BREAKING, "needs a body", where)
        yield from self._contents(f"{where}, request", before, after, sent=True)

    def _answers(self, where: str, was: Schema, now: Schema) -> Iterator[Change]:
        for status in sorted({*was, *now}):
            if status not in now:
                yield Change(Kind.BREAKING, f"no longer answers {status}", where)
            elif status not in was:
                yield Change(Kind.BREAKING, f"answers {status}", where)
            else:
                before, after = (one[status].get("content", {}) for one in (was, now))
                yield from self._contents(f"{where}, answer", before, after, sent=False)
                for name in sorted(
                    {*now[status].get("headers", {})} - {*was[status].get("headers", {})}
                ):
                    yield Change(Kind.ADDED, f"answers with the header `{name}`", where)
                for name in sorted(
                    {*was[status].get("headers", {})} - {*now[status].get("headers", {})}
                ):
                    yield Change(Kind.BREAKING, f"answers without the header `{name}`", where)

    def _contents(self, where: str, was: Schema, now: Schema, *, sent: bool) -> Iterator[Change]:
        for media_type in sorted({*was, *now}):
            if media_type not in now:
                yield Change(Kind.BREAKING, f"no longer `{media_type}`", where)
            elif media_type not in was:
                yield Change(Kind.ADDED, f"also `{media_type}`", where)
            else:
                before, after = (one[media_type].get("schema", {}) for one in (was, now))
                yield from self._schema(where, before, after, sent=sent)

    def _schema(self, where: str, was: Schema, now: Schema, *, sent: bool) -> Iterator[Change]:
        """sent: by the client. What is sent may become more, what is answered less only by breaking."""
        one, other = was.get("$ref", ""), now.get("$ref", "")
        if one or other:
            if (one, other, sent) in self._seen:
                return
            self._seen.add((one, other, sent))
            where = other.rpartition("/")[2] or where
        was, now = _resolved(self.old, was), _resolved(self.new, now)
        types = list(_types(where, was, now, sent=sent))
        yield from types
        if any(one.kind is Kind.BREAKING for one in types):
            return
        yield from _values(where, was, now, sent=sent)
        if sent:
            yield from _bounds(where, was, now)
        yield from self._properties(where, was, now, sent=sent)
        if "items" in was and "items" in now:
            yield from self._schema(f"{where}[]", was["items"], now["items"], sent=sent)
        for before, after in _variants(was, now):
            yield from self._schema(where, before, after, sent=sent)

    def _properties(self, where: str, was: Schema, now: Schema, *, sent: bool) -> Iterator[Change]:
        before, after = was.get("properties", {}), now.get("properties", {})
        was_required, is_required = {*was.get("required", ())}, {*now.get("required", ())}
        for name in sorted({*before, *after}):
            place = f"{where}.{name}"
            if name not in after:
                yield Change(Kind.BREAKING, "is gone", place)
                continue
            if name not in before:
                kind = Kind.BREAKING if sent and name in is_required else Kind.ADDED
                yield Change(kind, "is required" if kind is Kind.BREAKING else "is new", place)
                continue
            if sent and name in is_required - was_required:
                yield Change(Kind.BREAKING, "is required", place)
            if not sent and name in was_required - is_required:
                yield Change(Kind.BREAKING, "is not always there", place)
            if after[name].get("deprecated") and not before[name].get("deprecated"):
                yield Change(Kind.DEPRECATED, "the field", place)
            yield from self._schema(place, before[name], after[name], sent=sent)


def _operations(document: Schema) -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def _resolved(document: Schema, schema: Schema) -> Schema:
    """With what it refers to, and all of its parts in one."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _resolved(document, document["components"]["schemas"][name])
    if "allOf" not in schema:
        return schema
    merged = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema["allOf"]:
        merged.update(_resolved(document, part))
    return merged


def _kinds(schema: Schema) -> set[str]:
    """The types, of variants by their names. An enum has none of its own."""
    if "oneOf" in schema:
        return {
            one.get("$ref", "").rpartition("/")[2] or str(one.get("type", "")) or "any"
            for one in schema["oneOf"]
        }
    found = schema.get("type")
    kinds = {found} if isinstance(found, str) else {*(found or ())}
    return {*kinds, f"format {schema['format']}"} if "format" in schema else kinds


def _types(where: str, was: Schema, now: Schema, *, sent: bool) -> Iterator[Change]:
    before, after = _kinds(was), _kinds(now)
    if before == after:
        return
    text = f"was {_listed(before)}, is {_listed(after)}"
    fits = before <= after if sent else after <= before
    yield Change(Kind.CHANGED if fits else Kind.BREAKING, text, where)


def _values(where: str, was: Schema, now: Schema, *, sent: bool) -> Iterator[Change]:
    """A value that is answered for the first time breaks nobody who follows docs/api.md."""
    if "enum" not in was and "enum" not in now:
        return
    if ("enum" in was) != ("enum" in now):
        is_narrower = "enum" in now
        kind = Kind.BREAKING if sent == is_narrower else Kind.CHANGED
        yield Change(kind, "is one of a list" if is_narrower else "is of no list any more", where)
        return
    before, after = ({str(value) for value in one["enum"]} for one in (was, now))
    if before - after:
        kind = Kind.BREAKING if sent else Kind.CHANGED
        yield Change(kind, f"no longer {_listed(before - after)}", where)
    if after - before:
        yield Change(Kind.ADDED, f"may be {_listed(after - before)}", where)


def _bounds(where: str, was: Schema, now: Schema) -> Iterator[Change]:
    narrower: tuple[tuple[Iterable[str], Callable[[Any, Any], bool]], ...] = (
        (LOWER_BOUNDS, lambda one, other: other > one),
        (UPPER_BOUNDS, lambda one, other: other < one),
    )
    for names, is_narrower in narrower:
        for name in names:
            one, other = was.get(name), now.get(name)
            if one == other:
                continue
            breaks = other is not None and (one is None or is_narrower(one, other))
            kind = Kind.BREAKING if breaks else Kind.CHANGED
            yield Change(kind, f"`{name}` was {one}, is {other}", where)
    if was.get("pattern") != now.get("pattern"):
        kind = Kind.CHANGED if "pattern" not in now else Kind.BREAKING
        yield Change(kind, "has another pattern", where)


def _variants(was: Schema, now: Schema) -> Iterator[tuple[Schema, Schema]]:
    """Those of oneOf that refer to the same schema."""
    after = {one["$ref"]: one for one in now.get("oneOf", ()) if "$ref" in one}
    for one in was.get("oneOf", ()):
        if one.get("$ref") in after:
            yield one, after[one["$ref"]]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "anything"
