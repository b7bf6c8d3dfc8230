"""How many people a workspace may have: asked wherever one more would come in (entitlements.SEATS).

A seat is taken by an active member, and while one invites also by an invitation that is open.
"""

import uuid

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common import entitlements
from apps.common.entitlements import EntitlementExceeded
from apps.common.tenancy import require_tenant
from apps.organizations.entitlements import SEATS, members_seated
from apps.roles.selectors import owner_role_locked

NO_SEAT = _(
    "This workspace has no seat left. Ask somebody who runs it to free one, or to get more."
)


def require_seat(person_id: uuid.UUID) -> None:
    """Call before making the person an active member, in the same transaction.

    Where there is a limit it locks the owner role, so that all who come in wait for each other; three
    statements. Who is active already needs no other seat. Raises EntitlementExceeded, in words for who
    comes in.
    """
    tenant = require_tenant()
    if entitlements.granted(tenant, SEATS).value is None:
        return
    owner_role_locked()
    if members_seated().filter(person_id=person_id).exists():
        return
    try:
        entitlements.check(tenant, SEATS, rows=[members_seated().values("id")], is_locked=True)
    except EntitlementExceeded as error:
        raise EntitlementExceeded(SEATS, NO_SEAT) from error


def seats_to_invite(*, lock: bool = True) -> int | None:
    """How many more people can be invited; None: any number. lock: as require_seat."""
    tenant = require_tenant()
    if lock and entitlements.limit(tenant, SEATS) is not None:
        owner_role_locked()
    return entitlements.room(tenant, SEATS)


def require_seat_to_invite(count: int = 1) -> None:
    """Raises EntitlementExceeded with what an inviter can do. Locks as require_seat."""
    tenant = require_tenant()
    if entitlements.granted(tenant, SEATS).value is None:
        return
    owner_role_locked()
    try:
        entitlements.check(tenant, SEATS, adding=count, is_locked=True)
    except EntitlementExceeded as error:
        raise EntitlementExceeded(SEATS, f"{error.detail} {FREE_ONE}") from error


FREE_ONE = _("Or deactivate somebody who needs no access any more, or take an invitation back.")


def no_seat_to_invite() -> str | Promise:
    """For one of many rows."""
    return _(
        "All seats are taken by members and open invitations. Deactivate somebody who needs no access any "
        "more, take an invitation back, or ask an owner for more seats."
    )
