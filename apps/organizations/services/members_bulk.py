"""The same change of many members: each is judged by itself, and those that may be are changed together."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.access import authorize, paths_allowed
from apps.common.actors import Actor
from apps.common.errors import InvalidInput, PlatformError
from apps.organizations import permissions as p
from apps.organizations.enums import MemberStatus
from apps.organizations.services.members import member_move, member_update_status

MAX_MEMBERS = 100


@dataclass(frozen=True, slots=True)
class MemberOutcome:
    """code: why nothing changed; empty where it is right."""

    member_id: uuid.UUID
    code: str = ""
    detail: str | Promise = ""


@transaction.atomic
def members_update(
    *,
    actor: Actor,
    member_ids: Sequence[uuid.UUID],
    status: MemberStatus | None = None,
    organization_id: uuid.UUID | None = None,
) -> list[MemberOutcome]:
    """Change the status or the primary organization of 1 to MAX_MEMBERS members; what came of each.

    Locks and publishes as member_update_status and member_move do. Some fifteen statements a member. Raises
    PermissionDenied (one may change nobody), InvalidInput (nobody, too many, or one twice).
    """
    if paths_allowed(actor, p.UPDATE_MEMBER) == []:
        authorize(actor, p.UPDATE_MEMBER)
    if not 1 <= len(member_ids) <= MAX_MEMBERS or len({*member_ids}) < len(member_ids):
        raise InvalidInput.field(
            "member_ids", _("Name 1 to %d members, each once.") % MAX_MEMBERS, "member_ids_invalid"
        )
    # In one order, whatever the caller's, so that two of these never wait for each other.
    made = {
        member_id: _changed(actor, member_id, status, organization_id)
        for member_id in sorted(member_ids)
    }
    return [made[member_id] for member_id in member_ids]


def _changed(
    actor: Actor,
    member_id: uuid.UUID,
    status: MemberStatus | None,
    organization_id: uuid.UUID | None,
) -> MemberOutcome:
    """Both changes of a member, or none."""
    try:
        with transaction.atomic():
            if status is not None:
                member_update_status(actor=actor, member_id=member_id, status=status)
            if organization_id is not None:
                member_move(actor=actor, member_id=member_id, organization_id=organization_id)
    except PlatformError as error:
        return MemberOutcome(member_id, error.code, error.detail)
    return MemberOutcome(member_id)
