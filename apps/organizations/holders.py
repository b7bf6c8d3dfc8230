"""Who holds what, as conditions in SQL: bindings by their times, directly and through groups."""

from datetime import datetime

from django.db.models import Case, Exists, Expression, Min, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from apps.organizations.enums import BindingState, MemberStatus
from apps.organizations.models import GroupMembership, Member, RoleBinding
from apps.roles.models import OWNER, Role

# Of those whom a mail goes to because of what they may do.
MAX_TOLD = 20


def not_ended(now: datetime | Expression, prefix: str = "") -> Q:
    return Q(**{f"{prefix}ends_at": None}) | Q(**{f"{prefix}ends_at__gt": now})


def in_force(now: datetime | Expression, prefix: str = "") -> Q:
    """Bindings that hold at a moment: begun, and not ended."""
    begun = Q(**{f"{prefix}starts_at": None}) | Q(**{f"{prefix}starts_at__lte": now})
    return not_ended(now, prefix) & begun


def binding_state(prefix: str = "") -> Expression:
    """RoleBinding.state_at, of now, in SQL. prefix: where the binding is."""
    return Case(
        When(**{f"{prefix}ends_at__lte": Now()}, then=Value(BindingState.ENDED.value)),
        When(**{f"{prefix}starts_at__gt": Now()}, then=Value(BindingState.SCHEDULED.value)),
        default=Value(BindingState.ACTIVE.value),
    )


def bindings_turn_at() -> datetime | None:
    """When the next binding begins or ends by itself. One statement."""
    now = timezone.now()
    turns: dict[str, datetime | None] = RoleBinding.objects.aggregate(
        begins=Min("starts_at", filter=Q(starts_at__gt=now)),
        ends=Min("ends_at", filter=Q(ends_at__gt=now)),
    )
    return min((turn for turn in turns.values() if turn), default=None)


def members_holding(bindings: QuerySet[RoleBinding]) -> QuerySet[Member]:
    """The members, in any status, who hold one of the bindings: directly or through a group."""
    bindings = bindings.order_by()
    rows = GroupMembership.objects.filter(group_id__in=bindings.values("group_id"))
    return Member.objects.filter(
        Exists(bindings.filter(member_id=OuterRef("pk")))
        | Q(id__in=rows.filter(member_id__isnull=False).values("member_id"))
        | Q(id__in=rows.filter(user__member_id__isnull=False).values("user__member_id"))
    )


def members_permitted(permission: str) -> list[Member]:
    """Active members who hold it in the whole workspace, the MAX_TOLD oldest. Two statements."""
    roles = [role.id for role in Role.objects.all() if permission in role.effective]
    bindings = RoleBinding.objects.filter(
        in_force(timezone.now()), role_id__in=roles, organization__depth=1
    )
    return list(
        members_holding(bindings).filter(status=MemberStatus.ACTIVE).order_by("id")[:MAX_TOLD]
    )


def held_through_groups(member: Member) -> QuerySet[RoleBinding]:
    """The bindings of the groups that a member is in, whatever their times."""
    rows = GroupMembership.objects.filter(Q(member=member) | Q(user__member=member))
    return RoleBinding.objects.filter(group_id__in=rows.values("group_id")).select_related(
        "group", "role", "organization"
    )


def owner_bindings() -> QuerySet[RoleBinding]:
    """Of the owner role in the whole tenant, in force."""
    return RoleBinding.objects.filter(
        in_force(timezone.now()), role__code=OWNER, organization__depth=1
    )


def lasting_owner_bindings() -> QuerySet[RoleBinding]:
    """Those that make the owner who has to remain: an active member's own, without an end.

    One that ends, or comes through a group, may go without anybody's act on owners.
    """
    return owner_bindings().filter(member__status=MemberStatus.ACTIVE, ends_at=None)


def is_owner(member: Member) -> bool:
    """Whether they hold the owner role in the whole tenant now, in any way."""
    return members_holding(owner_bindings()).filter(id=member.id).exists()


def is_lasting_owner(member: Member) -> bool:
    return lasting_owner_bindings().filter(member=member).exists()
