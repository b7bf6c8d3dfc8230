"""Platform staff who act for a member: asked for in the console with a reason, for a while, for all to see.

The permit goes from the console through the workspace's host to a ticket (`handoff`), and the session that
the ticket makes is the person's in what it may see and the staff's in who is behind it: its proof says so,
and with it every actor that is built from it (docs/adr/0030). No session outlives its time, the staff's own
sign-in, or the membership.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts import handoff
from apps.accounts.models import Person
from apps.accounts.selectors import is_member
from apps.accounts.sign_in_policy import sign_in_policy_of
from apps.common.actors import Actor, ActorKind
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.proofs import Impersonator
from apps.tenants.models import Tenant

MINUTES = (15, 30, 60)
MAX_REASON = 500
# In a session: who acts, why, and until when.
KEY = "impersonation"


@dataclass(frozen=True, slots=True)
class Impersonation:
    """ends_at: aware."""

    impersonator: Impersonator
    reason: str
    ends_at: datetime

    @property
    def actor(self) -> Actor:
        """For what is about the impersonation itself."""
        return Actor.staff(self.impersonator.person_id, self.impersonator.label)

    def stored(self) -> dict[str, str]:
        return {
            "person_id": str(self.impersonator.person_id),
            "label": self.impersonator.label,
            "reason": self.reason,
            "ends_at": self.ends_at.isoformat(),
        }

    @classmethod
    def restored(cls, data: dict[str, str]) -> "Impersonation":
        who = Impersonator(uuid.UUID(data["person_id"]), data["label"])
        return cls(who, data["reason"], datetime.fromisoformat(data["ends_at"]))


@dataclass(frozen=True, slots=True)
class Permit:
    """What staff asked for. The time begins when they are in."""

    staff_id: uuid.UUID
    tenant_id: uuid.UUID
    person_id: uuid.UUID
    reason: str
    minutes: int

    def impersonation(self, staff: Person) -> Impersonation:
        ends_at = timezone.now() + timedelta(minutes=self.minutes)
        return Impersonation(Impersonator(staff.id, staff.email), self.reason, ends_at)


def current_impersonation(session: SessionBase) -> Impersonation | None:
    """Of the session of a request. No statement."""
    data: dict[str, str] | None = session.get(KEY)
    return Impersonation.restored(data) if data else None


def impersonation_permit(
    *, actor: Actor, tenant: Tenant, person_id: uuid.UUID, reason: str, minutes: int
) -> str:
    """A token by which the same member of staff comes in as a member of the tenant; good for ten minutes.

    Changes nothing by itself: accounts.impersonation_started is published when they are in.
    Raises PermissionDenied, NotFound (no active member), InvalidInput, Conflict (`support_not_allowed` by
    the workspace's policy; themselves).
    """
    if actor.kind is not ActorKind.STAFF or actor.person_id is None:
        raise PermissionDenied("Only platform staff may act for a member.")
    if minutes not in MINUTES:
        raise InvalidInput.field("minutes", _("Choose 15, 30 or 60 minutes."))
    if not 1 <= len(reason.strip()) <= MAX_REASON:
        raise InvalidInput.field("reason", _("Say why, in at most %d characters.") % MAX_REASON)
    if person_id == actor.person_id:
        raise Conflict(_("That is you: open the workspace by its address."), code="yourself")
    require_allowed(tenant, person_id)
    permit: dict[str, Any] = {
        "staff_id": str(actor.person_id),
        "tenant_id": str(tenant.id),
        "person_id": str(person_id),
        "reason": reason.strip(),
        "minutes": minutes,
    }
    return handoff.issue_permit(permit)


def permit_of(token: str, staff: Person) -> Permit | None:
    """What the token permits, if it is this person's, who still is active staff. It stays good."""
    data = handoff.read_permit(token)
    if data is None or data["staff_id"] != str(staff.id):
        return None
    if not (staff.is_active and staff.is_staff):
        return None
    ids = {name: uuid.UUID(data[name]) for name in ("staff_id", "tenant_id", "person_id")}
    return Permit(**ids, reason=data["reason"], minutes=data["minutes"])


def require_allowed(tenant: Tenant, person_id: uuid.UUID) -> None:
    """Asked again at each step. Three statements. Raises NotFound, Conflict."""
    if not tenant.is_ready:
        raise Conflict(_("The workspace is not open to anybody now."), code="tenant_not_ready")
    active = Person.objects.filter(id=person_id, is_active=True).exists()
    if not active or not is_member(person_id, tenant.id):
        raise NotFound
    if not sign_in_policy_of(tenant.id).allow_support:
        raise Conflict(
            _("The workspace does not let support act for members. Its owner can allow it again."),
            code="support_not_allowed",
        )
