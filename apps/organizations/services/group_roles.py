"""Roles that come from groups: given with the first group that maps to one, taken with the last."""

import uuid
from collections.abc import Collection

from apps.accounts import epochs
from apps.common.actors import Actor
from apps.common.tenancy import require_tenant
from apps.events.services import publish
from apps.organizations.events import RoleBindingChanged
from apps.organizations.models import GroupMembership, Member, RoleBinding
from apps.roles.models import Role


def group_roles_sync(actor: Actor, member_ids: Collection[uuid.UUID]) -> None:
    """Make what these members hold through groups what the groups say.

    Call under directory_locked(). A role that was given by hand stays as it is. Publishes
    organizations.role_binding_changed for each change. Two statements, and one for each event.
    """
    if not member_ids:
        return
    wanted = set(
        GroupMembership.objects.filter(
            user__member_id__in=member_ids, group__role_id__isnull=False
        ).values_list("user__member_id", "group__role_id", "group__organization_id")
    )
    bindings = list(RoleBinding.objects.filter(member_id__in=member_ids))
    held = {(one.member_id, one.role_id, one.organization_id) for one in bindings}
    given = [
        RoleBinding(member_id=member, role_id=role, organization_id=organization, by_group=True)
        for member, role, organization in sorted(wanted - held)
    ]
    taken = [
        one
        for one in bindings
        if one.by_group and (one.member_id, one.role_id, one.organization_id) not in wanted
    ]
    # Somebody may give the same by hand at this moment: theirs stays.
    RoleBinding.objects.bulk_create(given, ignore_conflicts=True)
    RoleBinding.objects.filter(id__in=[one.id for one in taken]).delete()
    _tell(actor, [(one, "given") for one in given] + [(one, "taken") for one in taken])


def _tell(actor: Actor, changes: list[tuple[RoleBinding, str]]) -> None:
    if not changes:
        return
    people = dict(
        Member.objects.filter(id__in={one.member_id for one, _ in changes}).values_list(
            "id", "person_id"
        )
    )
    roles = dict(
        Role.objects.filter(id__in={one.role_id for one, _ in changes}).values_list("id", "code")
    )
    tenant_id = require_tenant().id
    epochs.change(*(epochs.of_membership(tenant_id, person) for person in people.values()))
    for binding, change in changes:
        publish(
            RoleBindingChanged(
                member_id=binding.member_id,
                role=roles[binding.role_id],
                organization_id=binding.organization_id,
                change=change,
            ),
            actor=actor,
        )
