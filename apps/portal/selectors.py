"""Reads that only pages need, each made to fit a page's budget of statements."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import (
    Count,
    F,
    Func,
    IntegerField,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.impersonation import current_impersonation
from apps.accounts.models import Person
from apps.accounts.oidc.sessions import is_workspace_session
from apps.common.access import allows, permissions
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.ids import parse_uuid
from apps.organizations import permissions as p
from apps.organizations.enums import InvitationStatus, JoinRequestStatus, MemberStatus
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.selectors import (
    invitations_for,
    members_for,
    members_matching,
)
from apps.organizations.selectors_joining import join_requests_for
from apps.organizations.selectors_tree import open_organizations_for
from apps.portal.caches import figures_kept
from apps.portal.http import may
from apps.roles.models import OWNER, Role
from apps.roles.permissions import VIEW_ROLE
from apps.roles.selectors import roles_for
from apps.tenants.enums import TenantStatus as S
from apps.tenants.models import Tenant


def workspaces_in(request: HttpRequest, tenant: Tenant, person: Person) -> list[Tenant]:
    """Where the person can go from a workspace's pages.

    Nowhere else from a session that began by the workspace's own identity provider: it does not tell which
    others the person belongs to. Nor do staff who act for them learn it.
    """
    stays = is_workspace_session(request.session) or current_impersonation(request.session)
    return [tenant] if stays else workspaces_of(person)


@system_connection()
def workspaces_of(person: Person) -> list[Tenant]:
    """Where the person is a member, and what they asked for that is not ready yet. One statement."""
    unfinished = Q(owner_person_id=person.id, status__in=(S.PENDING, S.PROVISIONING, S.FAILED))
    return list(
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


def members_found(
    actor: Actor, *, query: str, status: str, role: str, organization: str
) -> QuerySet[Member]:
    """members_with_roles, narrowed by words in name or address, and as members_matching does.

    A status or an id of an organization that is none is ignored.
    """
    found = members_with_roles(actor)
    for word in query.split()[:5]:
        found = members_matching(found, q=word)
    return members_matching(
        found,
        status=status if status in MemberStatus.values else "",
        role=role,
        organization=parse_uuid(organization),
    )


@dataclass(frozen=True, slots=True)
class MemberFilters:
    """Choices, empty where the actor may not know them. organizations: in tree order, with depth."""

    roles: list[tuple[str, str]]
    organizations: list[tuple[str, str, int]]


def member_filters(actor: Actor) -> MemberFilters:
    """Roles and organizations that the list of members can be narrowed by. One statement."""
    columns = ("kind", "key", "name", "place", "rank")
    parts: list[QuerySet] = []
    if may(actor, VIEW_ROLE):
        parts.append(
            roles_for(actor)
            .order_by()
            .annotate(kind=Value("role"), key=Cast("code", TextField()), place=Value(""))
            .annotate(rank=Cast("is_system", IntegerField()))
            .values_list(*columns)
        )
    if may(actor, p.VIEW_ORGANIZATION):
        parts.append(
            open_organizations_for(actor)
            .order_by()
            .annotate(kind=Value("organization"), key=Cast("id", TextField()), place=F("path"))
            .annotate(rank=F("depth"))
            .values_list(*columns)
        )
    rows = list(parts[0].union(*parts[1:], all=True)) if parts else []
    roles = sorted((-rank, name, key) for kind, key, name, _path, rank in rows if kind == "role")
    tree = sorted((row[3], row) for row in rows if row[0] == "organization")
    return MemberFilters(
        [(key, name) for _rank, name, key in roles],
        [(key, name, depth) for _path, (_kind, key, name, _place, depth) in tree],
    )


@dataclass(frozen=True, slots=True)
class Tab:
    """count: of what is in it; 0 shows none."""

    key: str
    label: str
    url: str
    count: int


def invitation_tabs(actor: Actor) -> list[Tab]:
    """Invitations by their state, then requests to join, each with its number. One statement."""
    waiting = join_requests_for(actor).filter(status=JoinRequestStatus.PENDING).order_by()
    counts = dict(
        invitations_for(actor)
        .order_by()
        .values_list("state")
        .annotate(n=Count("id"))
        .union(
            waiting.annotate(state=Value("requests")).values_list("state").annotate(n=Count("id")),
            all=True,
        )
    )
    listed = reverse("invitations")
    pending, *closed = (
        Tab(state.value, str(state.label), f"{listed}?state={state}", counts.get(state.value, 0))
        for state in (
            InvitationStatus.PENDING,
            InvitationStatus.ACCEPTED,
            InvitationStatus.EXPIRED,
            InvitationStatus.REVOKED,
        )
    )
    return [
        pending,
        Tab("requests", "Requests to join", reverse("join_requests"), counts.get("requests", 0)),
        *closed,
    ]


def places_for(actor: Actor, organization: Organization) -> list[Organization]:
    """Where the actor may move an organization to: not where it is, nor below itself. One statement."""
    return [
        one
        for one in open_organizations_for(actor)
        if not one.path.startswith(organization.path)
        and one.id != organization.parent_id
        and allows(actor, p.MOVE_ORGANIZATION, one)
    ]


def roles_with_holders(query: str = "") -> QuerySet[Role]:
    """Every role with how many active members hold it anywhere. query: part of its name or description."""
    holders = Count(
        "bindings__member",
        filter=Q(bindings__member__status=MemberStatus.ACTIVE),
        distinct=True,
    )
    found = Role.objects.filter(Q(name__icontains=query) | Q(description__icontains=query))
    return found.annotate(holder_count=holders)


def roles_to_give(actor: Actor) -> list[Role]:
    """Roles that allow nothing the actor holds nowhere, the smallest first. The services decide.

    What holds in the whole workspace only takes nothing from who gives a role in a part of it.
    """
    declared = permissions()
    held = {code for code in declared if may(actor, code)}
    if not all(grant.is_root for grant in actor.grants):
        held |= {code for code, one in declared.items() if not one.scoped}
    giveable = [role for role in Role.objects.all() if role.effective <= held]
    return sorted(giveable, key=lambda role: (len(role.effective), role.code == OWNER, role.name))


@dataclass(frozen=True, slots=True)
class Figures:
    """None: the actor may not know."""

    members: int | None
    joined_this_week: int | None
    pending: int | None
    organizations: int | None


def dashboard_figures(actor: Actor) -> Figures:
    """What the dashboard counts, as far as the actor may see it. One statement, unless it is remembered."""
    found = figures_kept(actor, lambda: _figures(actor))
    return Figures(
        found.get("n_members"),
        found.get("n_joined"),
        found.get("n_pending"),
        found.get("n_organizations"),
    )


def _figures(actor: Actor) -> dict[str, int | None]:
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
        counts["n_organizations"] = _count(open_organizations_for(actor))
    if not counts:
        return {}
    return Organization.objects.filter(depth=1).annotate(**counts).values(*counts).get()


def _count(rows: QuerySet) -> Subquery:
    counted = rows.order_by().annotate(n=Func(F("pk"), function="COUNT")).values("n")
    return Subquery(counted)
