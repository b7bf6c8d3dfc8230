"""Reads of a tenant's people and organizations; every one takes the actor and filters in SQL."""

import uuid
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, TypedDict

from django.db.models import Case, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Length, Substr
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person, SignInPolicy
from apps.accounts.oidc.enforcement import (
    enforced_break_glass_ids,
    require_met,
    sso_rule_of,
    verified_domains,
)
from apps.accounts.permissions import MANAGE_IDENTITY_PROVIDER
from apps.accounts.sign_in_policy import require_satisfied
from apps.common.access import Decision, authorize, decide, paths_allowed, permissions
from apps.common.actors import Actor, ActorKind, Grant
from apps.common.errors import InvalidInput, NotFound, PermissionDenied
from apps.common.proofs import Proof
from apps.common.tenancy import require_tenant
from apps.organizations import permissions as p
from apps.organizations.enums import InvitationStatus, MemberStatus
from apps.organizations.models import (
    Invitation,
    Member,
    Organization,
    Placement,
    ProviderGroupRole,
    RoleBinding,
)
from apps.roles.models import OWNER, role_permissions
from apps.roles.permissions import VIEW_ROLE

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations


def actor_for(person: Person, proof: Proof | None = None) -> Actor:
    """The person as an actor of the entered tenant, with what they hold. One statement.

    proof: of the sign-in. Raises NotFound for who is no active member: a tenant one can't
    enter is like none; MfaRequired where that does not satisfy the tenant's sign-in policy, SsoRequired
    where they have to come in by its identity provider.
    """
    found = _actor(Member.objects.filter(person_id=person.id, status=MemberStatus.ACTIVE))
    if found is None:
        raise NotFound
    actor = replace(found, proof=proof)
    require_satisfied(actor.require_mfa, actor.methods)
    require_met(actor.sso_rule, actor.methods)
    return actor


def member_actor_for(actor: Actor, member_id: uuid.UUID) -> tuple[Member, Actor]:
    """Another member, and what they hold, to explain it. Raises PermissionDenied, NotFound."""
    authorize(actor, VIEW_ROLE)
    member = member_for(actor, member_id)
    found = _actor(Member.objects.filter(id=member.id))
    if found is None:
        raise NotFound
    return member, found


def actor_of_member(member_id: uuid.UUID) -> Actor | None:
    """An active member as an actor, with what they hold now. One statement."""
    return _actor(Member.objects.filter(id=member_id, status=MemberStatus.ACTIVE))


def access_explain(
    actor: Actor, *, member_id: uuid.UUID, permission: str, organization_id: uuid.UUID | None
) -> Decision:
    """Whether a member may do something (None: in the whole tenant) and why. Five statements.

    Raises PermissionDenied, NotFound (member, organization), InvalidInput (permission).
    """
    member, held = member_actor_for(actor, member_id)
    if permission not in permissions():
        raise InvalidInput.field("permission", _("There is no such permission."), "unknown")
    node = organization_for(actor, organization_id) if organization_id else None
    if not member.is_active:
        return Decision(False, "the member is deactivated")
    return decide(held, permission, node)


def _actor(members: QuerySet[Member]) -> Actor | None:
    """The one member that the query finds as an actor. One statement."""
    tenant_id = require_tenant().id
    rows = list(
        members.values_list(
            "id",
            "person_id",
            "email",
            "bindings__role__code",
            "bindings__role__is_system",
            "bindings__role__permissions",
            "bindings__organization_id",
            "bindings__organization__name",
            "bindings__organization__path",
            "bindings__organization__depth",
            Subquery(SignInPolicy.objects.filter(tenant_id=tenant_id).values("require_mfa")[:1]),
            # The account's address: the member's may come from elsewhere.
            Subquery(Person.objects.filter(id=OuterRef("person_id")).values("email")[:1]),
            enforced_break_glass_ids(tenant_id),
            verified_domains(tenant_id),
        )
    )
    if not rows:
        return None
    grants = tuple(
        Grant(code, role_permissions(code, system, stored), org_id, org_name, path, depth == 1)
        for _, _, _, code, system, stored, org_id, org_name, path, depth, *_rules in rows
        if code is not None
    )
    member_id, person_id, email = rows[0][:3]
    require_mfa, account_email, break_glass_ids, domains = rows[0][-4:]
    return Actor(
        kind=ActorKind.PERSON,
        label=email,
        person_id=person_id,
        tenant_id=tenant_id,
        member_id=member_id,
        grants=grants,
        require_mfa=bool(require_mfa),
        sso_rule=sso_rule_of(
            person_id, account_email or "", break_glass_ids=break_glass_ids, domains=domains
        ),
    )


def _below(field: str, paths: list[str] | None) -> Q:
    """What lies at or below one of the paths; None: everything. Raises PermissionDenied for none."""
    if paths is None:
        return Q()
    if not paths:
        raise PermissionDenied
    return reduce(or_, (Q(**{f"{field}__startswith": path}) for path in top_paths(paths)))


def top_paths(paths: list[str]) -> list[str]:
    """Without those that lie below another of them, in tree order."""
    tops: list[str] = []
    for path in sorted(paths):
        if not tops or not path.startswith(tops[-1]):
            tops.append(path)
    return tops


def _belongs(paths: list[str] | None, prefix: str = "") -> Q:
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
# Z as a path can have, which the index finds. What decides is starts_with (^@).
INSIDE_SQL = (
    "SELECT inside.id FROM unnest(%s::text[]) AS top (path) JOIN organizations_organization inside "
    "ON inside.path BETWEEN top.path AND top.path || repeat('Z', 255) AND inside.path ^@ top.path"
)
# Placements are few beside organizations and members: from them to their paths, which OFFSET 0 makes sure of.
PLACED_INSIDE_SQL = (
    "SELECT placed.member_id FROM organizations_placement placed CROSS JOIN LATERAL "
    "(SELECT path FROM organizations_organization WHERE id = placed.organization_id OFFSET 0) inside "
    "WHERE inside.path ^@ ANY(%s::text[])"
)


def organizations_for(actor: Actor) -> QuerySet[Organization]:
    """The organizations that the actor may see, in tree order, with `parent_id` annotated."""
    allowed = _below("path", paths_allowed(actor, p.VIEW_ORGANIZATION))
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


def tree_locked() -> Organization:
    """The root, locked: structural changes and renames wait for each other. Raises NotFound.

    Readers do not wait, nor do rows that come to point at the root.
    """
    root = Organization.objects.select_for_update(no_key=True).filter(depth=1).first()
    if root is None:
        raise NotFound
    return root


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
    allowed = _belongs(paths_allowed(actor, p.VIEW_MEMBER))
    return (
        Member.objects.filter(allowed)
        .exclude(status=MemberStatus.REMOVED)
        .select_related("organization")
        .prefetch_related(
            Prefetch(
                "bindings",
                RoleBinding.objects.select_related("role", "organization").order_by("id"),
            ),
            PLACEMENTS,
        )
    )


def members_matching(
    members: QuerySet[Member],
    *,
    status: str = "",
    role: str = "",
    organization: uuid.UUID | None = None,
    q: str = "",
) -> QuerySet[Member]:
    """Narrow a query of members down.

    role: code of a role that they hold anywhere. organization: they belong to it or to what is below it.
    q: part of the name or the e-mail address.
    """
    if status:
        members = members.filter(status=status)
    if role:
        holders = RoleBinding.objects.filter(member=OuterRef("pk"), role__code=role)
        members = members.filter(Exists(holders))
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
    """Role bindings of the members that the actor may see."""
    allowed = _belongs(paths_allowed(actor, p.VIEW_MEMBER), "member__")
    return (
        RoleBinding.objects.filter(allowed)
        .exclude(member__status=MemberStatus.REMOVED)
        .select_related("member", "role", "organization")
    )


class InvitationState(TypedDict):
    state: str


def invitations_for(actor: Actor) -> "QuerySet[WithAnnotations[Invitation, InvitationState]]":
    """Invitations into the organizations where the actor may invite, with `state` annotated."""
    allowed = _below("organization__path", paths_allowed(actor, p.INVITE_MEMBER))
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
    """Whether an active member other than this one holds the owner role in the whole tenant."""
    return (
        RoleBinding.objects.filter(
            role__code=OWNER, organization__depth=1, member__status=MemberStatus.ACTIVE
        )
        .exclude(member_id=member_id)
        .exists()
    )


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
    """Active members who hold the owner role in the whole tenant, by name."""
    return (
        Member.objects.filter(
            bindings__role__code=OWNER,
            bindings__organization__depth=1,
            status=MemberStatus.ACTIVE,
        )
        .distinct()
        .order_by("name", "id")
    )
