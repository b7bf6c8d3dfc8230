"""The lists that PostgreSQL renders, and what they may depend on."""

import uuid
from typing import Any

from django.db.models import QuerySet

from apps.common.api.listing import Kept, Listing
from apps.common.watching import Watch
from apps.organizations import selectors
from apps.organizations.api.v1.serializers import (
    MEMBER_ORDERINGS,
    MemberSerializer,
    MembersQuery,
    OrganizationSerializer,
    OrganizationsQuery,
)
from apps.organizations.api.v1.serializers_access import RoleBindingSerializer, RoleBindingsQuery
from apps.organizations.holders import bindings_turn_at
from apps.organizations.models import (
    DirectoryUser,
    Group,
    GroupMembership,
    Member,
    Organization,
    Placement,
    RoleBinding,
)
from apps.organizations.selectors_tree import organizations_matching
from apps.roles.models import Role

Paths = tuple[str, ...] | None

TREE = Watch("organizations", Organization)
PEOPLE = Watch(
    "members",
    *(Member, Placement, RoleBinding, Group, GroupMembership, DirectoryUser, Organization, Role),
)


def _members(paths: Paths, **filters: Any) -> QuerySet[Member]:
    return selectors.members_matching(selectors.members_below(paths), **filters)


def _organizations(paths: Paths, **filters: Any) -> QuerySet[Organization]:
    return organizations_matching(selectors.organizations_below(paths), **filters)


def _bindings(scope: tuple[Paths, bool], **filters: uuid.UUID) -> QuerySet[RoleBinding]:
    named = {f"{name}_id": value for name, value in filters.items()}
    return selectors.bindings_below(*scope).filter(**named)


MEMBERS = Listing(
    MemberSerializer, _members, MEMBER_ORDERINGS, MembersQuery, Kept(PEOPLE, bindings_turn_at)
)
ORGANIZATIONS = Listing(
    OrganizationSerializer, _organizations, ("path",), OrganizationsQuery, Kept(TREE)
)
BINDINGS = Listing(
    RoleBindingSerializer, _bindings, ("id",), RoleBindingsQuery, Kept(PEOPLE, bindings_turn_at)
)
