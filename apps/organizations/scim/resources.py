"""What SCIM calls users and groups (RFC 7643), and ours in these terms.

The schemas declare only what is kept; everything else that a provider sends is ignored (`POLICY`), as
RFC 7644, section 3.3, lets a service do. Not scim2-models' own User: its e-mail addresses refuse reserved
domains such as .test, and it promises attributes that nobody keeps.
"""

import hashlib
import uuid
from collections.abc import Iterable
from typing import Annotated, Any

from django.db.models import prefetch_related_objects
from scim2_models import (
    URN,
    CaseExact,
    ComplexAttribute,
    Meta,
    Mutability,
    Required,
    Resource,
    ScimPolicy,
    Uniqueness,
)
from scim2_models import Group as GroupResource
from scim2_models import GroupMember as GroupMemberResource

from apps.common.errors import InvalidInput
from apps.common.ids import parse_uuid
from apps.organizations import models
from apps.organizations.selectors_directory import MEMBERSHIPS
from apps.organizations.services import DirectoryUserData, GroupData

# Entra names what to remove in the value, and adds to entries that are not there; both would be refused.
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


class Name(ComplexAttribute):
    formatted: str | None = None
    """The whole name; that of `displayName`, which wins."""

    family_name: str | None = None
    given_name: str | None = None


class Email(ComplexAttribute):
    value: str | None = None
    """Always the userName."""

    type: str | None = None
    primary: bool | None = None


class UserGroup(ComplexAttribute):
    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    display: Annotated[str | None, Mutability.read_only] = None


class UserResource(Resource[Any]):
    """A member of the workspace, or somebody who is invited."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    """The e-mail address."""

    name: Name | None = None
    display_name: str | None = None
    active: bool | None = None
    """Whether they may enter the workspace."""

    emails: list[Email] | None = None
    """The userName, once. What is written here has no effect."""

    groups: Annotated[list[UserGroup] | None, Mutability.read_only] = None


def version_of(*parts: object) -> str:
    """A weak entity tag: another one whenever something that is shown has changed."""
    text = "\0".join(str(part) for part in parts)
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def _memberships(user: models.DirectoryUser) -> Iterable[models.GroupMembership]:
    """One statement, unless they were read with the user."""
    prefetch_related_objects([user], MEMBERSHIPS)
    return user.memberships.all()


def user_version(user: models.DirectoryUser) -> str:
    groups = [(row.group_id, row.group.display_name) for row in _memberships(user)]
    member = user.member
    changed_at = (user.updated_at, member.updated_at if member else None)
    return version_of(
        user.id, *changed_at, user.is_active, user.user_name, user.display_name, *groups
    )


def user_resource(user: models.DirectoryUser, base_url: str) -> UserResource:
    modified_at = max(user.updated_at, user.member.updated_at if user.member else user.updated_at)
    return UserResource(
        id=str(user.id),
        external_id=user.external_id,
        user_name=user.user_name,
        name=Name(
            formatted=user.display_name,
            family_name=user.family_name or None,
            given_name=user.given_name or None,
        ),
        display_name=user.display_name,
        active=user.is_active,
        emails=[Email(value=user.user_name, type="work", primary=True)],
        groups=[
            UserGroup(value=str(row.group_id), display=row.group.display_name)
            for row in _memberships(user)
        ]
        or None,
        meta=Meta(
            resource_type="User",
            created=user.created_at,
            last_modified=modified_at,
            location=f"{base_url}/Users/{user.id}",
            version=user_version(user),
        ),
    )


def user_data(
    resource: UserResource, present: models.DirectoryUser | None = None
) -> DirectoryUserData:
    """What a provider wants of a user. present: what it is now; somebody new is active."""
    name = resource.name or Name()
    active = resource.active
    if active is None:
        active = True if present is None else present.is_active
    return DirectoryUserData(
        user_name=resource.user_name or "",
        external_id=resource.external_id,
        display_name=_display_name(resource, name, present),
        given_name=name.given_name or "",
        family_name=name.family_name or "",
        is_active=active,
    )


def _display_name(resource: UserResource, name: Name, present: models.DirectoryUser | None) -> str:
    """The name that is shown: of displayName, name.formatted and the parts, what was changed last."""
    display = resource.display_name or ""
    if present is None or display != present.display_name:
        return display or name.formatted or ""
    if name.formatted and name.formatted != display:
        return name.formatted
    if display == f"{present.given_name} {present.family_name}".strip():
        return f"{name.given_name or ''} {name.family_name or ''}".strip()
    return display


def group_version(group: models.Group) -> str:
    return version_of(group.id, group.updated_at)


def group_resource(
    group: models.Group, base_url: str, members: Iterable[models.DirectoryUser] | None
) -> GroupResource:
    """members: None where they are not asked for."""
    entries = None
    if members is not None:
        entries = [
            GroupMemberResource.model_validate(
                {
                    "value": str(user.id),
                    "display": user.display_name,
                    "type": "User",
                    "$ref": f"{base_url}/Users/{user.id}",
                }
            )
            for user in members
        ]
    return GroupResource(
        id=str(group.id),
        external_id=group.external_id,
        display_name=group.display_name,
        members=entries or None,
        meta=Meta(
            resource_type="Group",
            created=group.created_at,
            last_modified=group.updated_at,
            location=f"{base_url}/Groups/{group.id}",
            version=group_version(group),
        ),
    )


def group_data(resource: GroupResource) -> GroupData:
    """What a provider wants of a group. Raises InvalidInput for a member whose id is none of ours."""
    return GroupData(
        display_name=resource.display_name or "",
        external_id=resource.external_id,
        user_ids=frozenset(_member_id(entry.value) for entry in resource.members or []),
    )


def _member_id(value: str | None) -> uuid.UUID:
    found = parse_uuid(value)
    if found is None:
        raise InvalidInput.field("members", f"There is no user {value}.", "unknown")
    return found
