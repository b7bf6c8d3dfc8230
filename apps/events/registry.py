"""What can happen and who listens: event types and subscriptions, checked at import."""

import dataclasses
import re
import types
import typing
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVar, dataclass_transform

from apps.common.actors import Actor, ActorKind
from apps.common.proofs import Impersonator, Proof
from apps.events.enums import Scope
from apps.events.errors import InvalidEvent, UnknownEvent

EVENT_NAME = re.compile(r"[a-z][a-z0-9]*\.[a-z][a-z0-9]*(_[a-z0-9]+)*")
HANDLER_NAME = re.compile(r"[a-z][a-z0-9]*\.[a-z][a-z0-9_]*")
# Past participles; add the irregular verb that is missing.
PAST = re.compile(
    r"""\w*ed|begun|bound|broken|built|bought|chosen|cut|done|drawn|fallen|forgotten|found|frozen|given
    |gone|held|kept|known|laid|left|lost|made|met|moved|paid|put|read|rebuilt|reset|resent|run|seen|sent
    |set|shown|shut|sold|spent|split|sworn|taken|thrown|told|undone|unset|won|withdrawn|written""",
    re.VERBOSE,
)
SCALARS = (str, int, bool, uuid.UUID, datetime)


class Event:
    """Base of event types. Fields: str, int, bool, UUID, aware datetime; each may be `| None`."""

    event_name: ClassVar[str]
    version: ClassVar[int]
    scope: ClassVar[Scope]
    aggregate: ClassVar[str]

    @property
    def aggregate_id(self) -> str:
        """The thing that it happened to: handlers see the events of one aggregate in order."""
        return str(getattr(self, self.aggregate))


@dataclass(frozen=True, slots=True)
class EventContext:
    """What a handler is told besides the event. created_at: when it was published (UTC)."""

    event_id: uuid.UUID
    name: str
    tenant_id: uuid.UUID | None
    actor: Actor
    request_id: str
    created_at: datetime
    attempt: int  # 1 the first time
    # Of the client whose request it comes from; empty where none is behind it.
    address: str = ""
    agent: str = ""

    @property
    def actor_label(self) -> str:
        return self.actor.label


# A handler takes its own event's type; which one that is, is known by the name it subscribes to.
Handler = Callable[[Any, EventContext], None]
# Events of one tenant, all in one transaction.
BatchHandler = Callable[[Sequence[tuple[Any, EventContext]]], None]
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """tenant_context: whether the handler runs inside the event's tenant (if it has one).

    takes_batches: it is a BatchHandler.
    """

    name: str
    event_name: str
    group: str
    handler: Handler | BatchHandler
    tenant_context: bool
    takes_batches: bool


_E = TypeVar("_E", bound=Event)
_H = TypeVar("_H", bound=Handler | BatchHandler)

_events: dict[str, type[Event]] = {}
_fields: dict[type[Event], dict[str, tuple[type, bool]]] = {}
_subscriptions: dict[str, Subscription] = {}
_upcasters: dict[tuple[str, int], Upcaster] = {}


@dataclass_transform(frozen_default=True)
def event(name: str, *, version: int, scope: str, aggregate: str) -> Callable[[type[_E]], type[_E]]:
    """Declare an event type and make the class a frozen dataclass.

    name: `app.entity_past`, where app is the one that the class lives in. aggregate: the field that
    holds the id of what it happened to. Raises InvalidEvent at import.
    """

    def declare(cls: type[_E]) -> type[_E]:
        if not issubclass(cls, Event):
            raise InvalidEvent(f"{cls.__qualname__} must derive from Event")
        if "__dataclass_params__" not in vars(cls):
            cls = dataclass(frozen=True, slots=True)(cls)
        elif not vars(cls)["__dataclass_params__"].frozen:
            raise InvalidEvent(f"{cls.__qualname__} must be frozen")
        _check_name(name, cls)
        if version < 1:
            raise InvalidEvent(f"{name}: versions start at 1")
        if scope not in set(Scope):
            raise InvalidEvent(f"{name}: scope {scope!r} is none of {', '.join(Scope)}")
        fields = _field_types(cls, name)
        if aggregate not in fields or fields[aggregate][1]:
            raise InvalidEvent(f"{name}: aggregate {aggregate!r} is not a required field")
        cls.event_name = name
        cls.version = version
        cls.scope = Scope(scope)
        cls.aggregate = aggregate
        _events[name] = cls
        _fields[cls] = fields
        return cls

    return declare


def _check_name(name: str, cls: type[Event]) -> None:
    last = re.split(r"[._]", name)[-1]
    if not EVENT_NAME.fullmatch(name) or not PAST.fullmatch(last):
        raise InvalidEvent(f"{name!r} is not of the form app.entity_past (a past participle last)")
    parts = cls.__module__.split(".")
    if parts[0] == "apps" and parts[1] != name.partition(".")[0]:
        raise InvalidEvent(f"{name}: {cls.__module__} declares events of its own app only")
    known = _events.get(name)
    if known is not None and (known.__module__, known.__qualname__) != (
        cls.__module__,
        cls.__qualname__,
    ):
        raise InvalidEvent(f"{name} is declared twice: {known.__qualname__}, {cls.__qualname__}")


def _field_types(cls: type[Event], name: str) -> dict[str, tuple[type, bool]]:
    """Of each field its scalar type, and whether None is allowed."""
    hints = typing.get_type_hints(cls)
    found = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]  # a dataclass by now
        hint = hints[field.name]
        options = (
            set(typing.get_args(hint))
            if typing.get_origin(hint) in (typing.Union, types.UnionType)
            else {hint}
        )
        scalars = options - {types.NoneType}
        if len(scalars) != 1 or not scalars <= set(SCALARS):
            raise InvalidEvent(f"{name}: field {field.name} cannot be of type {hint}")
        found[field.name] = (scalars.pop(), types.NoneType in options)
    return found


def subscribe(
    event_name: str,
    *,
    name: str,
    group: str = "",
    tenant_context: bool = True,
    takes_batches: bool = False,
) -> Callable[[_H], _H]:
    """Let a function handle an event, once in effect.

    name: `app.verb_noun`, unique and lasting: inbox and dead letters know the handler by it.
    group: whose processes run it; the app of the name unless given. Groups do not wait for each other.
    tenant_context: False for what must run while the event's tenant is not (yet) ready; the handler
    then runs outside any tenant.
    takes_batches: the handler takes a list of (event, context), of one tenant and in order, instead of
    both; if it fails, it gets them one by one.
    """
    group = group or name.partition(".")[0]

    def register(handler: _H) -> _H:
        if not HANDLER_NAME.fullmatch(name):
            raise InvalidEvent(f"handler name {name!r} is not of the form app.verb_noun")
        known = _subscriptions.get(name)
        if known is not None and (known.handler.__module__, known.handler.__qualname__) != (
            handler.__module__,
            handler.__qualname__,
        ):
            raise InvalidEvent(f"two handlers are named {name}")
        _subscriptions[name] = Subscription(
            name, event_name, group, handler, tenant_context, takes_batches
        )
        return handler

    return register


def upcast(name: str, *, from_version: int) -> Callable[[Upcaster], Upcaster]:
    """Declare how the payload of an older version becomes one of the next.

    The function takes JSON values and returns new ones; it asks nobody. Checked by `manage.py check`: an
    event of version 3 needs one from 1 and one from 2. Raises InvalidEvent for a second one.
    """

    def register(upcaster: Upcaster) -> Upcaster:
        known = _upcasters.get((name, from_version))
        if known is not None and known.__qualname__ != upcaster.__qualname__:
            raise InvalidEvent(f"{name} version {from_version} has two upcasters")
        _upcasters[name, from_version] = upcaster
        return upcaster

    return register


def events() -> dict[str, type[Event]]:
    """Every declared event type by its name."""
    return dict(sorted(_events.items()))


def fields_of(cls: type[Event]) -> dict[str, tuple[type, bool]]:
    """Of each field of a declared event its scalar type, and whether None is allowed."""
    return _fields[cls]


def upcasters() -> dict[tuple[str, int], Upcaster]:
    """By the event's name and the version that it starts from."""
    return dict(sorted(_upcasters.items()))


def subscriptions() -> dict[str, Subscription]:
    """Every subscription by the handler's name."""
    return dict(sorted(_subscriptions.items()))


@contextmanager
def isolated() -> Iterator[None]:
    """For tests: what is declared and subscribed in the block is forgotten at its end."""
    all_registers: tuple[dict[Any, Any], ...] = (_events, _fields, _subscriptions, _upcasters)
    saved = [(register, dict(register)) for register in all_registers]
    try:
        yield
    finally:
        for register, before in saved:
            register.clear()
            register.update(before)


def serialize(instance: Event) -> dict[str, Any]:
    """The JSON payload. Raises InvalidEvent where a value is not of its field's declared type."""
    cls = type(instance)
    if _events.get(getattr(cls, "event_name", "")) is not cls:
        raise InvalidEvent(f"{cls.__qualname__} is not declared with @event")
    payload: dict[str, Any] = {}
    for name, (scalar, optional) in _fields[cls].items():
        value = getattr(instance, name)
        if value is None and optional:
            payload[name] = None
            continue
        wrong = not isinstance(value, scalar) or (scalar is int and isinstance(value, bool))
        if wrong or (isinstance(value, datetime) and value.tzinfo is None):
            raise InvalidEvent(f"{cls.event_name}: {name} is {value!r}, not {scalar.__name__}")
        payload[name] = _plain(value)
    return payload


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    # str() also turns members of TextChoices into their values.
    return str(value) if isinstance(value, str | uuid.UUID) else value


def deserialize(name: str, version: int, payload: dict[str, Any]) -> Event:
    """The event that was published, as of the version that this release declares.

    Raises UnknownEvent for what it does not declare.
    """
    cls = _events.get(name)
    if cls is None or cls.version < version:
        raise UnknownEvent(f"this release does not know {name} version {version}")
    for older in range(version, cls.version):
        upcaster = _upcasters.get((name, older))
        if upcaster is None:
            raise UnknownEvent(f"nothing makes {name} version {older + 1} of version {older}")
        payload = upcaster(payload)
    restore: dict[type, Callable[[str], Any]] = {
        uuid.UUID: uuid.UUID,
        datetime: datetime.fromisoformat,
    }
    values = {}
    for field, (scalar, _optional) in _fields[cls].items():
        if field in payload:
            value = payload[field]
            values[field] = (
                restore[scalar](value) if value is not None and scalar in restore else value
            )
    try:
        return cls(**values)
    except TypeError as error:
        raise UnknownEvent(f"{name} version {version}: {error}") from error


def actor_of(
    kind: str,
    label: str,
    person_id: uuid.UUID | None,
    tenant_id: uuid.UUID | None,
    impersonator: Impersonator | None = None,
) -> Actor:
    """Who published an event, from its stored columns. The member's id is not among them."""
    return Actor(
        ActorKind(kind),
        label,
        person_id=person_id,
        tenant_id=tenant_id,
        proof=Proof(impersonator=impersonator) if impersonator else None,
    )
