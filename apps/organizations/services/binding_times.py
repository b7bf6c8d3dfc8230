"""Roles that begin or end by themselves: what happened is told afterwards. It does not depend on that."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from apps.common.actors import Actor
from apps.organizations.models import RoleBinding
from apps.organizations.services.bindings import binding_publish

ACTOR = Actor.system("role-times")
AT_ONCE = 500


def bindings_tell(limit: int = AT_ONCE) -> int:
    """Tell of up to `limit` bindings that began, and as many that ended; how many. Once each.

    Publishes role_binding_changed or group_role_changed: started, ended.
    """
    now = timezone.now()
    begun = Q(starts_at__lte=now, start_told_at=None) & (
        Q(ends_at=None) | Q(ends_at__gt=F("starts_at"))
    )
    ended = Q(ends_at__lte=now, end_told_at=None)
    return _tell(begun, "start_told_at", "started", now, limit) + _tell(
        ended, "end_told_at", "ended", now, limit
    )


@transaction.atomic
def _tell(due: Q, told: str, change: str, now: datetime, limit: int) -> int:
    """Those that another worker tells of at this moment are left to it."""
    bindings = list(
        RoleBinding.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("role", "organization", "member", "group")
        .filter(due)
        .order_by("id")[:limit]
    )
    for binding in bindings:
        binding_publish(ACTOR, binding, change)
    RoleBinding.objects.filter(id__in=[one.id for one in bindings]).update(**{told: now})
    return len(bindings)
