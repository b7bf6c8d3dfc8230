"""How many people a workspace may have: known by an app above, asked wherever one more would come in.

A seat is taken by an active member, and while one invites also by an invitation that is open.
"""

import uuid
from collections.abc import Callable

from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.tenancy import TenantRef, require_tenant
from apps.organizations.enums import MemberStatus
from apps.organizations.errors import SeatLimitReached
from apps.organizations.models import Invitation, Member
from apps.roles.selectors import owner_role_locked

SeatsLimit = Callable[[TenantRef], int | None]

_limit: SeatsLimit | None = None


def set_seats_limit(limit: SeatsLimit) -> None:
    """Called once by the app that knows, from its AppConfig.ready(): a tenant's seats, None: any number.

    It is called in the tenant, within the transaction of who comes in; it must not ask another service.
    """
    global _limit  # noqa: PLW0603 - set once at start
    _limit = limit


def require_seat(person_id: uuid.UUID) -> None:
    """Call before making the person an active member, in the same transaction.

    Where there is a limit it locks the owner role, so that all who come in wait for each other; two
    statements. Who is active already needs no other seat. Raises SeatLimitReached.
    """
    limit = _seats()
    if limit is None:
        return
    owner_role_locked()
    active = Member.objects.filter(status=MemberStatus.ACTIVE)
    taken = active.exclude(person_id=person_id).count()
    if taken >= limit and not active.filter(person_id=person_id).exists():
        raise SeatLimitReached


def seats_to_invite(*, lock: bool = True) -> int | None:
    """How many more people can be invited; None: any number. lock: as require_seat."""
    limit = _seats()
    if limit is None:
        return None
    if lock:
        owner_role_locked()
    active = Member.objects.filter(status=MemberStatus.ACTIVE)
    # Who came in another way holds one seat, not two.
    joined = active.annotate(lower=Lower("email")).filter(lower=Lower(OuterRef("email")))
    waiting = Invitation.objects.filter(
        ~Exists(joined),
        accepted_at__isnull=True,
        revoked_at__isnull=True,
        expires_at__gt=timezone.now(),
    )
    return max(0, limit - active.count() - waiting.count())


def require_seat_to_invite() -> None:
    """Raises SeatLimitReached with what an inviter can do."""
    if seats_to_invite() == 0:
        raise SeatLimitReached(no_seat_to_invite())


def no_seat_to_invite() -> str | Promise:
    return _(
        "All seats are taken by members and open invitations. Deactivate somebody who needs no access any "
        "more, take an invitation back, or ask an owner for more seats."
    )


def _seats() -> int | None:
    return _limit(require_tenant()) if _limit is not None else None
