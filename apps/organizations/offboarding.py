"""What a member may own, and how it goes to somebody else when they leave.

The platform's own kinds are in `ownables.py`; a product registers its own from its AppConfig.ready().
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

from apps.common.actors import Actor
from apps.organizations.models import Member


@dataclass(frozen=True, slots=True)
class Ownable:
    """One kind of thing that has an owner.

    code: `app.noun`. label: what a page calls several of them. count: how many a member owns.
    hand_over: makes the second member their owner, in the caller's transaction, which has both locked; it
    publishes what that kind publishes.
    """

    code: str
    label: str | Promise
    count: Callable[[Member], int]
    hand_over: Callable[[Actor, Member, Member], None]


@dataclass(frozen=True, slots=True)
class Owned:
    """How many things of a kind a member owns."""

    code: str
    label: str | Promise
    count: int


_ownables: dict[str, Ownable] = {}


def register_ownable(*ownables: Ownable) -> None:
    _ownables.update({one.code: one for one in ownables})


def ownables() -> list[Ownable]:
    """In the order of their codes."""
    return [_ownables[code] for code in sorted(_ownables)]


def owned_by(member: Member) -> list[Owned]:
    """What a member owns, without the kinds of which there is nothing. One statement a kind."""
    found = [Owned(one.code, one.label, one.count(member)) for one in ownables()]
    return [one for one in found if one.count]
