"""Reads of a tenant's directory; the actor is its identity provider, or who manages provisioning."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

from django.db.models import BooleanField, Count, F, Max, Prefetch, Q, QuerySet
from django.db.models.expressions import ExpressionWrapper
from django.db.models.functions import Coalesce, Greatest

from apps.accounts.models import EmailDomain, ScimToken
from apps.accounts.scim_tokens import scim_tokens_of
from apps.common.access import authorize
from apps.common.actors import Actor, ActorKind
from apps.common.errors import NotFound
from apps.common.tenancy import require_tenant
from apps.organizations.models import DirectoryUser, Group, GroupMembership, RoleBinding
from apps.organizations.permissions import MANAGE_PROVISIONING, VIEW_GROUP
from apps.organizations.selectors import sees_groups

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

ACTIVE = Q(member__status="active") | Q(
    member=None, invitation__isnull=False, invitation__revoked_at=None
)

# The groups of users, in the order of their names.
MEMBERSHIPS = Prefetch(
    "memberships",
    GroupMembership.objects.select_related("group").order_by("group__display_name"),
)


def _authorize(actor: Actor) -> None:
    if actor.kind is not ActorKind.PROVISIONING or actor.tenant_id != require_tenant().id:
        authorize(actor, MANAGE_PROVISIONING)


def directory_users_for(actor: Actor) -> "QuerySet[DirectoryUser]":
    """All users, with what a filter may ask for: `active`, `modified_at`. Raises PermissionDenied.

    Two statements, the second for their groups.
    """
    _authorize(actor)
    return (
        DirectoryUser.objects.select_related("member", "invitation")
        .annotate(
            active=ExpressionWrapper(ACTIVE, output_field=BooleanField()),
            # PostgreSQL's greatest() leaves NULL out of it.
            modified_at=Greatest(F("updated_at"), F("member__updated_at")),
        )
        .prefetch_related(MEMBERSHIPS)
    )


def directory_user_for(actor: Actor, user_id: uuid.UUID) -> DirectoryUser:
    """Raises PermissionDenied, NotFound."""
    user = directory_users_for(actor).filter(id=user_id).first()
    if user is None:
        raise NotFound
    return user


class GroupCount(TypedDict):
    member_count: int


BINDINGS = Prefetch(
    "bindings", RoleBinding.objects.select_related("role", "organization").order_by("id")
)


def groups_for(actor: Actor) -> "QuerySet[Group]":
    """All groups that the actor sees; of these a provider only its own. Raises PermissionDenied."""
    if actor.kind is ActorKind.PROVISIONING and actor.tenant_id == require_tenant().id:
        return Group.objects.filter(is_local=False)
    if not sees_groups(actor):
        authorize(actor, VIEW_GROUP)
    return Group.objects.all()


def group_for(actor: Actor, group_id: uuid.UUID) -> Group:
    """Raises PermissionDenied, NotFound."""
    group = groups_for(actor).filter(id=group_id).first()
    if group is None:
        raise NotFound
    return group


def group_locked(actor: Actor, group_id: uuid.UUID) -> Group:
    """As group_for, locked: who is in it and what it holds change one after the other."""
    group = groups_for(actor).select_for_update().filter(id=group_id).first()
    if group is None:
        raise NotFound
    return group


def counted_groups_for(actor: Actor) -> "QuerySet[WithAnnotations[Group, GroupCount]]":
    """All groups, with `member_count`, and the bindings in one more statement. Raises PermissionDenied."""
    count = Count("memberships", distinct=True)
    return groups_for(actor).annotate(member_count=count).prefetch_related(BINDINGS)


def groups_matching(
    groups: "QuerySet[WithAnnotations[Group, GroupCount]]", *, source: str = "", q: str = ""
) -> "QuerySet[WithAnnotations[Group, GroupCount]]":
    """Narrow a query of groups down. source: local or directory. q: part of the name."""
    if source:
        groups = groups.filter(is_local=source == "local")
    return groups.filter(display_name__icontains=q) if q else groups


def counted_group_for(actor: Actor, group_id: uuid.UUID) -> "WithAnnotations[Group, GroupCount]":
    """Raises PermissionDenied, NotFound."""
    group = counted_groups_for(actor).filter(id=group_id).first()
    if group is None:
        raise NotFound
    return group


def group_members_of(groups: list[Group]) -> dict[uuid.UUID, list[DirectoryUser]]:
    """The directory's users in each of the groups, in the order of their names. One statement."""
    found: dict[uuid.UUID, list[DirectoryUser]] = {group.id: [] for group in groups}
    rows = GroupMembership.objects.filter(group__in=groups).select_related("user")
    for row in rows.order_by("user__display_name", "user_id"):
        if row.user is not None:
            found[row.group_id].append(row.user)
    return found


class GroupPerson(TypedDict):
    name: str
    email: str
    holder_id: uuid.UUID | None


def group_people(group: Group) -> "QuerySet[WithAnnotations[GroupMembership, GroupPerson]]":
    """Who is in a group: members, and users of the directory who are none yet."""
    return (
        GroupMembership.objects.filter(group=group)
        .select_related("member", "user__member")
        .annotate(
            name=Coalesce("member__name", "user__display_name"),
            email=Coalesce("member__email", "user__user_name"),
            holder_id=Coalesce("member_id", "user__member_id"),
        )
    )


def scim_tokens_for(actor: Actor) -> QuerySet[ScimToken]:
    """All provisioning tokens, the latest first. Raises PermissionDenied."""
    authorize(actor, MANAGE_PROVISIONING)
    return scim_tokens_of(require_tenant().id)


def scim_token_for(actor: Actor, token_id: uuid.UUID) -> ScimToken:
    """Raises PermissionDenied, NotFound."""
    token = scim_tokens_for(actor).filter(id=token_id).first()
    if token is None:
        raise NotFound
    return token


@dataclass(frozen=True, slots=True)
class ProvisioningFigures:
    """managed: members whom the provider has written. invited: who have not accepted yet.

    has_domain: whether there is an e-mail domain whose people become members at once.
    """

    managed: int
    invited: int
    groups: int
    has_domain: bool
    last_used_at: datetime | None


def provisioning_figures_for(actor: Actor) -> ProvisioningFigures:
    """Four statements. Raises PermissionDenied."""
    authorize(actor, MANAGE_PROVISIONING)
    users = DirectoryUser.objects.aggregate(
        managed=Count("id", filter=Q(is_managed=True, member__isnull=False)),
        invited=Count("id", filter=Q(member=None)),
    )
    tenant_id = require_tenant().id
    last = scim_tokens_of(tenant_id).order_by().aggregate(at=Max("last_used_at"))
    return ProvisioningFigures(
        managed=users["managed"],
        invited=users["invited"],
        groups=Group.objects.filter(is_local=False).count(),
        has_domain=EmailDomain.objects.filter(
            tenant_id=tenant_id, verified_at__isnull=False, proof_missing_since=None
        ).exists(),
        last_used_at=last["at"],
    )
