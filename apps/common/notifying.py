"""What people are told of: types of notifications, declared by the apps whose events they are about.

An app declares its types in `notifications.py`, which is imported at start. Who is told, by which channels
and when, is the work of the notifications app.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

from apps.common.actors import Actor

# Links in mails lead below it: by them mails are refused, whatever becomes of the workspace.
UNSUBSCRIBE_PATH = "/notifications/unsubscribe/"

CODE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


class Channel(StrEnum):
    IN_APP = "in_app"
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    WEBHOOK = "webhook"


class Urgency(StrEnum):
    """LOW waits for a digest where there is one; URGENT is sent in quiet hours too, and in no digest."""

    LOW = "low"
    NORMAL = "normal"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True)
class Category:
    """What people turn on and off together. label: as a heading."""

    code: str
    label: str | Promise
    help_text: str | Promise = ""
    order: int = 50


@dataclass(frozen=True, slots=True)
class Permitted:
    """The active members who hold a permission: in the whole workspace, or at an organization.

    organization: the event's field with its id; who holds the permission above it is told too.
    """

    permission: str
    organization: str = ""


@dataclass(frozen=True, slots=True)
class Related:
    """The member, or the person, whose id the event has in a field; nobody where that is None."""

    member: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class Everyone:
    """All active members."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whoever a function names by the event's payload: ids of members. It runs in the tenant, in a worker."""

    member_ids: Callable[[Mapping[str, Any]], Iterable[Any]]


Audience = Permitted | Related | Everyone | Chosen


@dataclass(frozen=True, slots=True)
class NotificationType:
    """One kind of thing that people are told of.

    code: `app.thing`, lasting. event: the name of the event that it is about. category: of a Category. title,
    body, action: Liquid templates over the event's payload, with `tenant` (its name), `actor` (who did it),
    and what `adds` and `says` add; translated where they are marked so. url: a path in the workspace, a
    template too. channels: those that it goes by unless somebody chose otherwise; offered: further ones that
    can be chosen. tells_actor: whether who did it is told as well. when: told only if it is true of the
    payload and who did it. adds: further values, made of the payload when it happens. says: further ones,
    made of those whenever somebody reads them, in their language. example: what previews and test mails are
    made of.
    """

    code: str
    label: str | Promise
    category: str
    event: str
    audience: Audience
    title: str | Promise
    body: str | Promise = ""
    url: str = "/"
    action: str | Promise = ""
    channels: tuple[Channel, ...] = (Channel.IN_APP, Channel.EMAIL)
    offered: tuple[Channel, ...] = (Channel.PUSH,)
    urgency: Urgency = Urgency.NORMAL
    tells_actor: bool = False
    when: Callable[[Mapping[str, Any], Actor], bool] | None = None
    adds: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    says: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    example: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sample(self) -> dict[str, Any]:
        """The example with what is said of it, in the language of the moment."""
        return {**self.example, **(self.says(self.example) if self.says is not None else {})}

    @property
    def possible(self) -> tuple[Channel, ...]:
        """Every channel that it can go by."""
        return tuple(dict.fromkeys((*self.channels, *self.offered)))


_types: dict[str, NotificationType] = {}
_categories: dict[str, Category] = {}


def register_categories(*categories: Category) -> None:
    for one in categories:
        if _categories.setdefault(one.code, one) != one:
            raise ImproperlyConfigured(f"two categories of notifications are named {one.code}")


def register_notifications(*types: NotificationType) -> None:
    """Declare types, at import of an app's `notifications.py`. Raises ImproperlyConfigured."""
    for one in types:
        if not CODE.fullmatch(one.code):
            raise ImproperlyConfigured(f"{one.code!r} is not of the form app.thing")
        known = _types.setdefault(one.code, one)
        if known is not one and known.event != one.event:
            raise ImproperlyConfigured(f"two types of notifications are named {one.code}")


def notification_types() -> dict[str, NotificationType]:
    """Every type by its code."""
    return dict(sorted(_types.items()))


def notification_type(code: str) -> NotificationType | None:
    """None for what this release does not declare any more."""
    return _types.get(code)


def notification_categories() -> list[Category]:
    """Every category, in the order in which they are shown."""
    return sorted(_categories.values(), key=lambda one: (one.order, one.code))
