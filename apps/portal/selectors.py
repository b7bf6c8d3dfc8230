"""Reads that only pages need, each made to fit a page's budget of statements."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, F, Func, Prefetch, Q, QuerySet, Subquery
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.organizations import permissions as p
from apps.organizations.enums import InvitationStatus, MemberStatus
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.selectors import invitations_for, members_for, organizations_for
from apps.portal.http import may
from apps.roles.models import OWNER, Role, role_permissions
from apps.roles.selectors import roles_for
from apps.tenants.enums import TenantStatus as S
from apps.tenants.models import Tenant


def workspaces_of(person: Person) -> QuerySet[Tenant]:
    """Where the person is a member, and what they asked for that is not ready yet. One statement."""
    unfinished = Q(owner_person_id=person.id, status__in=(S.PENDING, S.PROVISIONING, S.FAILED))
    return (
        Tenant.objects.filter(Q(memberships__person_id=person.id) | unfinished)
        .exclude(status=S.DELETING)
        .distinct()
        .order_by("name", "id")
    )


def members_with_roles(actor: Actor) -> QuerySet[Member]:
    """Members that the actor may see, their roles in one more statement."""
    bindings = RoleBinding.objects.select_related("role", "organization").order_by("id")
    return (
        members_for(actor).prefetch_related(None).prefetch_related(Prefetch("bindings", bindings))
    )


def members_found(actor: Actor, *, query: str, status: str, role: str) -> QuerySet[Member]:
    """members_with_roles, narrowed by words in name or address, status, and a role's code."""
    found = members_with_roles(actor)
    for word in query.split()[:5]:
        found = found.filter(Q(name__icontains=word) | Q(email__icontains=word))
    if status in MemberStatus.values:
        found = found.filter(status=status)
    if role:
        held = RoleBinding.objects.filter(role__code=role).values("member_id")
        found = found.filter(id__in=held)
    return found


def invitation_counts(actor: Actor) -> dict[str, int]:
    """How many invitations are in each state. One statement."""
    rows = invitations_for(actor).order_by().values_list("state").annotate(n=Count("id"))
    return dict(rows)


def organization_tree(actor: Actor) -> QuerySet[Organization]:
    """The organizations that the actor may see, in tree order, with how many work in each."""
    present = Count("members", filter=~Q(members__status=MemberStatus.REMOVED))
    return organizations_for(actor).annotate(member_count=present)


def roles_with_holders() -> QuerySet[Role]:
    """Every role with how many active members hold it anywhere."""
    holders = Count(
        "bindings__member",
        filter=Q(bindings__member__status=MemberStatus.ACTIVE),
        distinct=True,
    )
    return Role.objects.annotate(holder_count=holders)


def roles_to_give(actor: Actor) -> list[Role]:
    """Roles that allow nothing the actor holds nowhere, the smallest first. The services decide."""

    def codes(role: Role) -> frozenset[str]:
        return role_permissions(role.code, role.is_system, role.permissions)

    giveable = [role for role in roles_for(actor) if all(may(actor, code) for code in codes(role))]
    return sorted(giveable, key=lambda role: (len(codes(role)), role.code == OWNER, role.name))


@dataclass(frozen=True, slots=True)
class Figures:
    """None: the actor may not know."""

    members: int | None
    joined_this_week: int | None
    pending: int | None
    organizations: int | None


def dashboard_figures(actor: Actor) -> Figures:
    """What the dashboard counts, in one statement, as far as the actor may see it."""
    week_ago = timezone.now() - dt.timedelta(days=7)
    counts: dict[str, Subquery] = {}
    if may(actor, p.VIEW_MEMBER):
        active = members_for(actor).prefetch_related(None).filter(status=MemberStatus.ACTIVE)
        counts["n_members"] = _count(active)
        counts["n_joined"] = _count(active.filter(created_at__gte=week_ago))
    if may(actor, p.INVITE_MEMBER):
        pending = invitations_for(actor).filter(state=InvitationStatus.PENDING)
        counts["n_pending"] = _count(pending)
    if may(actor, p.VIEW_ORGANIZATION):
        counts["n_organizations"] = _count(organizations_for(actor))
    found = (
        Organization.objects.filter(depth=1).annotate(**counts).values(*counts).get()
        if counts
        else {}
    )
    return Figures(
        found.get("n_members"),
        found.get("n_joined"),
        found.get("n_pending"),
        found.get("n_organizations"),
    )


def _count(rows: QuerySet) -> Subquery:
    counted = rows.order_by().annotate(n=Func(F("pk"), function="COUNT")).values("n")
    return Subquery(counted)
