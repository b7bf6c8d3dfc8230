"""Who acts: every service takes an Actor, so that no write is anonymous."""

import uuid
from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    PERSON = "person"
    STAFF = "staff"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that an actor holds at an organization, and with it at everything below."""

    role: str
    permissions: frozenset[str]
    organization_id: uuid.UUID
    organization_name: str
    path: str
    is_root: bool


@dataclass(frozen=True, slots=True)
class Actor:
    """A person in a tenant, a member of the platform's staff, or the platform itself.

    label: what history shows (an e-mail address, or the name of the part of the system).
    member_id, tenant_id and grants are set for a person who acts inside a tenant; the grants are read
    when the request starts, so a change of roles takes effect on the next one.
    """

    kind: ActorKind
    label: str
    person_id: uuid.UUID | None = None
    tenant_id: uuid.UUID | None = None
    member_id: uuid.UUID | None = None
    grants: tuple[Grant, ...] = ()
    # How the sign-in was proved (apps.accounts.enums.SignInMethod).
    methods: frozenset[str] = frozenset()

    @classmethod
    def system(cls, part: str) -> "Actor":
        """The platform itself, e.g. `Actor.system("provisioning")`."""
        return cls(ActorKind.SYSTEM, f"system:{part}")

    @classmethod
    def staff(cls, person_id: uuid.UUID, label: str) -> "Actor":
        """Platform staff, acting from the console."""
        return cls(ActorKind.STAFF, label, person_id=person_id)

    @property
    def is_system(self) -> bool:
        return self.kind is ActorKind.SYSTEM

    @property
    def is_platform(self) -> bool:
        """True for staff and the system: they act on tenants from outside."""
        return self.kind in (ActorKind.STAFF, ActorKind.SYSTEM)
