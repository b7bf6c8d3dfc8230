"""Who is told of a notification: active members, page by page."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.notifying import Chosen, Everyone, NotificationType, Permitted, Related
from apps.notifications.models import Notification
from apps.organizations.enums import MemberStatus
from apps.organizations.holders import in_force, members_holding
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.selectors_tree import ancestor_paths
from apps.roles.models import Role


@dataclass(frozen=True, slots=True)
class Reader:
    """A member, with what of their person matters for reaching them."""

    member_id: uuid.UUID
    person_id: uuid.UUID
    email: str
    name: str
    language: str
    time_zone: str


def audience_of(kind: NotificationType, notification: Notification) -> QuerySet[Member]:
    """The active members who are to be told, without who did it unless the type tells them too."""
    members = _members(kind, notification.params).filter(status=MemberStatus.ACTIVE)
    if not kind.tells_actor and notification.actor_person_id is not None:
        members = members.exclude(person_id=notification.actor_person_id)
    return members


def _members(kind: NotificationType, params: dict[str, Any]) -> QuerySet[Member]:
    everyone = Member.objects.all()
    match kind.audience:
        case Everyone():
            return everyone
        case Permitted(permission, organization):
            return _permitted(permission, params.get(organization) if organization else None)
        case Related(member, person):
            is_it = Q(pk__in=[])
            if member and params.get(member):
                is_it |= Q(id=params[member])
            if person and params.get(person):
                is_it |= Q(person_id=params[person])
            return everyone.filter(is_it)
        case Chosen(member_ids):
            return everyone.filter(id__in=list(member_ids(params)))


def _permitted(permission: str, organization_id: str | None) -> QuerySet[Member]:
    """In the whole workspace; at an organization, who holds it there or above. One or two statements."""
    roles = [role.id for role in Role.objects.all() if permission in role.effective]
    bindings = RoleBinding.objects.filter(in_force(timezone.now()), role_id__in=roles)
    path = (
        Organization.objects.filter(id=organization_id).values_list("path", flat=True).first()
        if organization_id
        else None
    )
    if path is None:
        bindings = bindings.filter(organization__depth=1)
    else:
        bindings = bindings.filter(organization__path__in=ancestor_paths(path))
    return members_holding(bindings)


def readers_of(members: Sequence[Member]) -> list[Reader]:
    """In the same order. One statement. Who has no person any more is left out."""
    rows = Person.objects.filter(id__in=[one.person_id for one in members])
    people = {row[0]: row for row in rows.values_list("id", "language", "time_zone")}
    return [
        Reader(one.id, one.person_id, one.email, one.name, *people[one.person_id][1:])
        for one in members
        if one.person_id in people
    ]
