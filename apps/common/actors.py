"""Who acts: every service takes an Actor, so that no write is anonymous."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from apps.common.proofs import Impersonator, Proof


class ActorKind(StrEnum):
    PERSON = "person"
    STAFF = "staff"
    SYSTEM = "system"
    PROVISIONING = "provisioning"
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that an actor holds at an organization, and with it at everything below.

    binding_id: of the role binding that gives it; None where there is none, as with an API key.
    group_id, group: through which group it comes. ends_at: until when it is held; None: without end.
    """

    role: str
    permissions: frozenset[str]
    organization_id: uuid.UUID
    organization_name: str
    path: str
    is_root: bool
    role_id: uuid.UUID | None = None
    binding_id: uuid.UUID | None = None
    group_id: uuid.UUID | None = None
    group: str = ""
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """A person in a tenant, a member of the platform's staff, the platform itself, or a program.

    label: what history shows (an e-mail address, or the name of the part of the system).
    member_id, tenant_id and grants are set for a person who acts inside a tenant; the grants are read
    when the request starts, so a change of roles takes effect on the next one.
    Of kind PROVISIONING is a tenant's identity provider that keeps its people by SCIM: tenant_id and the
    grants are set, nobody's id is.
    A program with an API key has tenant_id, api_key_id and one grant, and is labelled `key:<name>`.
    """

    kind: ActorKind
    label: str
    person_id: uuid.UUID | None = None
    tenant_id: uuid.UUID | None = None
    member_id: uuid.UUID | None = None
    grants: tuple[Grant, ...] = ()
    api_key_id: uuid.UUID | None = None
    # Of the sign-in of a person; None for whoever has none, as the system.
    proof: Proof | None = None
    # Whether the tenant's sign-in policy asks for a second factor.
    require_mfa: bool = False
    # What the tenant's identity provider, where it is enforced, asks of them: a SsoRule.
    sso_rule: str = ""
    # When the next of their roles begins or ends: from then on the grants are others. None: none does.
    good_until: datetime | None = None

    @classmethod
    def system(cls, part: str) -> "Actor":
        """The platform itself, e.g. `Actor.system("provisioning")`."""
        return cls(ActorKind.SYSTEM, f"system:{part}")

    @classmethod
    def staff(cls, person_id: uuid.UUID, label: str) -> "Actor":
        """Platform staff, acting from the console."""
        return cls(ActorKind.STAFF, label, person_id=person_id)

    @property
    def impersonator(self) -> Impersonator | None:
        """The staff who act for this person, if it is not themselves."""
        return self.proof.impersonator if self.proof else None

    @property
    def methods(self) -> frozenset[str]:
        """How the sign-in was proved (apps.accounts.enums.SignInMethod)."""
        return self.proof.methods if self.proof else frozenset()

    def require_recent_proof(self) -> None:
        """Before a sensitive act: a person proves again who they are, if that is a while ago.

        Who has no sign-in, as the system or an API key, has nothing to prove.
        Raises ReauthenticationRequired.
        """
        if self.proof is not None:
            self.proof.require_recent()

    @property
    def is_system(self) -> bool:
        return self.kind is ActorKind.SYSTEM

    @property
    def is_platform(self) -> bool:
        """True for staff and the system: they act on tenants from outside."""
        return self.kind in (ActorKind.STAFF, ActorKind.SYSTEM)
