"""Reads of a tenant's people and organizations; every one takes the actor and filters in SQL."""

import uuid
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, TypedDict

from django.db.models import Case, OuterRef, Prefetch, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Length, Now, Substr
from django.utils import timezone

from apps.accounts.permissions import MANAGE_IDENTITY_PROVIDER
from apps.common.access import allows, authorize, paths_allowed
from apps.common.actors import Actor
from apps.common.errors import NotFound, PermissionDenied
from apps.organizations import permissions as p
from apps.organizations.enums import InvitationStatus, MemberStatus
from apps.organizations.holders import (
    in_force,
    lasting_owner_bindings,
    members_holding,
    owner_bindings,
)
from apps.organizations.models import (
    Invitation,
    Member,
    Organization,
    Placement,
    ProviderGroupRole,
    RoleBinding,
)

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations


def below(field: str, paths: Sequence[str] | None) -> Q:
    """What lies at or below one of the paths; None: everything. Raises PermissionDenied for none."""
    if paths is None:
        return Q()
    if not paths:
        raise PermissionDenied
    return reduce(or_, (Q(**{f"{field}__startswith": path}) for path in top_paths(paths)))


def top_paths(paths: Iterable[str]) -> list[str]:
    """Without those that lie below another of them, in tree order."""
    tops: list[str] = []
    for path in sorted(paths):
        if not tops or not path.startswith(tops[-1]):
            tops.append(path)
    return tops


def belongs(paths: Sequence[str] | None, prefix: str = "") -> Q:
    """Members whose primary organization or a further one lies at or below one of the paths.

    prefix: where the member is, for rows about members. What lies below is found once for the statement, by
    one search in the index on paths for each of them, and not by comparing each member's organization with
    each of them. Raises PermissionDenied for none.
    """
    if paths is None:
        return Q()
    if not paths:
        raise PermissionDenied
    tops = top_paths(paths)
    inside = RawSQL(INSIDE_SQL, [tops])  # noqa: S611 - the paths are parameters
    further = RawSQL(PLACED_INSIDE_SQL, [tops])  # noqa: S611 - the paths are parameters
    return Q(**{f"{prefix}organization__in": inside}) | Q(**{f"{prefix}id__in": further})


# Paths are of digits and capitals, so in any collation what lies below one is between it and it with as many
# Z as a path can have, which the index finds. What decides is starts_with (^@). OFFSET 0 keeps the plan:
# bounds are computed once, and each is searched by itself, also without statistics of the tree.
INSIDE_SQL = (
    "SELECT inside.id FROM (SELECT path, path || repeat('Z', 255) AS last "
    "FROM unnest(%s::text[]) AS given (path) OFFSET 0) top CROSS JOIN LATERAL "
    "(SELECT id FROM organizations_organization found "
    "WHERE found.path BETWEEN top.path AND top.last AND found.path ^@ top.path OFFSET 0) inside"
)
# Placements are few beside organizations and members: from them to their paths. The array is a subquery, as
# the planner would estimate each path of a constant one by itself.
PLACED_INSIDE_SQL = (
    "SELECT placed.member_id FROM organizations_placement placed CROSS JOIN LATERAL "
    "(SELECT path FROM organizations_organization WHERE id = placed.organization_id OFFSET 0) inside "
    "WHERE inside.path ^@ ANY((SELECT %s::text[])::text[])"
)


def organizations_for(actor: Actor) -> QuerySet[Organization]:
    """The organizations that the actor may see, in tree order, with `parent_id` annotated."""
    return organizations_below(paths_allowed(actor, p.VIEW_ORGANIZATION))


def organizations_below(paths: Sequence[str] | None) -> QuerySet[Organization]:
    """Those at or below one of the paths; None: all. With `parent_id`. Raises PermissionDenied for none."""
    allowed = below("path", paths)
    parent = Organization.objects.filter(
        path=Substr(OuterRef("path"), 1, Length(OuterRef("path")) - Organization.steplen)
    )
    return Organization.objects.filter(allowed).annotate(
        parent_id=Subquery(parent.values("id")[:1])
    )


def organization_for(actor: Actor, organization_id: uuid.UUID) -> Organization:
    """Raises NotFound."""
    organization = organizations_for(actor).filter(id=organization_id).first()
    if organization is None:
        raise NotFound
    return organization


def root_organization() -> Organization:
    return Organization.objects.get(depth=1)


# The further organizations of members, in tree order.
PLACEMENTS = Prefetch(
    "placements",
    Placement.objects.select_related("organization").order_by("organization__path"),
)


def members_for(actor: Actor) -> QuerySet[Member]:
    """Members at or below the organizations where the actor may see them; not the removed ones.

    It is enough that one of those that they belong to lies there. Three statements, the others for their
    roles and their further organizations.
    """
    return (
        members_below(paths_allowed(actor, p.VIEW_MEMBER))
        .select_related("organization")
        .prefetch_related(
            Prefetch(
                "bindings",
                RoleBinding.objects.select_related("role", "organization").order_by("id"),
            ),
            PLACEMENTS,
        )
    )


def members_below(paths: Sequence[str] | None) -> QuerySet[Member]:
    """Members who belong at or below one of the paths; None: all. Not the removed ones."""
    return Member.objects.filter(belongs(paths)).exclude(status=MemberStatus.REMOVED)


def members_matching(
    members: QuerySet[Member],
    *,
    status: str = "",
    role: str = "",
    organization: uuid.UUID | None = None,
    q: str = "",
) -> QuerySet[Member]:
    """Narrow a query of members down.

    role: code of a role that they hold anywhere now, also through a group. organization: they belong to it
    or to what is below it. q: part of the name or the e-mail address.
    """
    if status:
        members = members.filter(status=status)
    if role:
        held = RoleBinding.objects.filter(in_force(Now()), role__code=role)
        members = members.filter(id__in=members_holding(held).values("id"))
    if organization is not None:
        top = Organization.objects.filter(id=organization).values("path")[:1]
        inside = Organization.objects.filter(path__startswith=Subquery(top))
        further = Placement.objects.filter(organization__in=inside.order_by().values("id"))
        members = members.filter(
            Q(organization__in=inside.order_by().values("id"))
            | Q(id__in=further.values("member_id"))
        )
    if q:
        members = members.filter(Q(name__icontains=q) | Q(email__icontains=q))
    return members


def member_for(actor: Actor, member_id: uuid.UUID) -> Member:
    """Raises NotFound."""
    member = members_for(actor).filter(id=member_id).first()
    if member is None:
        raise NotFound
    return member


def bindings_for(actor: Actor) -> QuerySet[RoleBinding]:
    """Role bindings of the members that the actor may see, and of groups for who may see groups."""
    return bindings_below(paths_allowed(actor, p.VIEW_MEMBER), sees_groups(actor))


def bindings_below(paths: Sequence[str] | None, with_groups: bool) -> QuerySet[RoleBinding]:
    """Of members at or below one of the paths; None: of all. with_groups: those of groups too."""
    shown = belongs(paths, "member__")
    if shown and with_groups:
        shown |= Q(group__isnull=False)
    elif not shown and not with_groups:
        shown = Q(group=None)
    return RoleBinding.objects.filter(shown).select_related(
        "member", "group", "role", "organization"
    )


def binding_for(actor: Actor, binding_id: uuid.UUID) -> RoleBinding:
    """Raises NotFound."""
    binding = bindings_for(actor).filter(id=binding_id).first()
    if binding is None:
        raise NotFound
    return binding


def sees_groups(actor: Actor) -> bool:
    return allows(actor, p.VIEW_GROUP) or allows(actor, p.MANAGE_PROVISIONING)


class InvitationState(TypedDict):
    state: str


def invitations_for(actor: Actor) -> "QuerySet[WithAnnotations[Invitation, InvitationState]]":
    """Invitations into the organizations where the actor may invite, with `state` annotated."""
    allowed = below("organization__path", paths_allowed(actor, p.INVITE_MEMBER))
    state = Case(
        When(accepted_at__isnull=False, then=Value(InvitationStatus.ACCEPTED.value)),
        When(revoked_at__isnull=False, then=Value(InvitationStatus.REVOKED.value)),
        When(expires_at__lte=timezone.now(), then=Value(InvitationStatus.EXPIRED.value)),
        default=Value(InvitationStatus.PENDING.value),
    )
    return (
        Invitation.objects.filter(allowed)
        .select_related("organization", "invited_by")
        .annotate(state=state)
    )


def invitations_matching(
    invitations: "QuerySet[WithAnnotations[Invitation, InvitationState]]",
    *,
    state: str = "",
    q: str = "",
) -> "QuerySet[WithAnnotations[Invitation, InvitationState]]":
    """Narrow a query of invitations down. q: part of the address."""
    if state:
        invitations = invitations.filter(state=state)
    return invitations.filter(email__icontains=q) if q else invitations


def invitation_for(actor: Actor, invitation_id: uuid.UUID) -> Invitation:
    """Raises NotFound."""
    invitation = invitations_for(actor).filter(id=invitation_id).first()
    if invitation is None:
        raise NotFound
    return invitation


def owners_exist_besides(member_id: uuid.UUID) -> bool:
    """Whether an active member other than this one is owner of the whole tenant, for good."""
    return lasting_owner_bindings().exclude(member_id=member_id).exists()


def counts_for(actor: Actor) -> dict[str, int]:
    """Figures for the dashboard, each as far as the actor may see it."""
    figures = {"members": members_for(actor).filter(status=MemberStatus.ACTIVE).count()}
    figures["organizations"] = organizations_for(actor).count()
    if paths_allowed(actor, p.INVITE_MEMBER) != []:
        figures["invitations"] = (
            invitations_for(actor).filter(state=InvitationStatus.PENDING).count()
        )
    return figures


def provider_group_roles_for(actor: Actor) -> QuerySet[ProviderGroupRole]:
    """Which roles groups of the identity provider give, by name. Raises PermissionDenied."""
    authorize(actor, MANAGE_IDENTITY_PROVIDER)
    return ProviderGroupRole.objects.select_related("role", "organization")


def owners_of_tenant() -> QuerySet[Member]:
    """Active members who hold the owner role in the whole tenant now, by name."""
    return (
        members_holding(owner_bindings()).filter(status=MemberStatus.ACTIVE).order_by("name", "id")
    )
