"""Where an API key is good: at an organization and below it. Organizations are the app above, which says."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet

from apps.common.actors import Actor
from apps.roles.models import ApiKey


@dataclass(frozen=True, slots=True)
class Place:
    """An organization, as the gate sees it."""

    id: uuid.UUID
    name: str
    path: str
    is_root: bool


@dataclass(frozen=True, slots=True)
class Places:
    """find: an organization (None: the root) that the actor may see; raises NotFound.

    settle: the actor, whose grants are where the tree is until the transaction ends.
    annotate: adds `place_id`, `place_name`, `place_path` and `place_depth` to keys, all None where the
    organization is gone. No statement of its own.
    """

    find: Callable[[Actor, uuid.UUID | None], Place]
    settle: Callable[[Actor], Actor]
    annotate: Callable[[QuerySet[ApiKey]], QuerySet[ApiKey]]


_places: Places | None = None


def set_places(places: Places) -> None:
    """Called once by the organizations app."""
    global _places  # noqa: PLW0603 - set once at start
    _places = places


def places() -> Places:
    if _places is None:
        raise ImproperlyConfigured("no app has called set_places()")
    return _places


def place_of(key: ApiKey) -> Place | None:
    """Of an annotated key. None: its organization is gone, and it is good nowhere."""
    found = vars(key)
    if found["place_path"] is None:
        return None
    return Place(
        found["place_id"], found["place_name"], found["place_path"], found["place_depth"] == 1
    )
