"""Callers of the API that are no people."""

from dataclasses import dataclass
from typing import ClassVar

from apps.common.actors import Actor


@dataclass(frozen=True, slots=True)
class MachinePrincipal:
    """`request.user` of a program, such as one with an API key: signed in, and nobody.

    It acts as `actor` in that actor's tenant; what is about a person refuses it.
    """

    actor: Actor
    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False
    is_active: ClassVar[bool] = True
    is_staff: ClassVar[bool] = False
    is_superuser: ClassVar[bool] = False
    pk: ClassVar[None] = None

    def __str__(self) -> str:
        return self.actor.label
