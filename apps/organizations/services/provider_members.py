"""Members who come in by the tenant's identity provider, and the roles that its groups decide."""

import uuid
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.errors import InvalidInput
from apps.organizations.enums import MemberStatus
from apps.organizations.holders import lasting_owner_bindings, not_ended
from apps.organizations.models import Member, ProviderGroupRole, RoleBinding
from apps.organizations.selectors import root_organization
from apps.organizations.services.bindings import binding_give, binding_take
from apps.organizations.services.members import member_join
from apps.roles.models import OWNER, Role

ACTOR = Actor.system("oidc")


class ProviderMembers:
    """What `accounts.oidc` asks of members (`accounts.oidc.members.Members`)."""

    def owners_among(self, person_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
        """Those who are owners for good: who may enter without the provider has to stay one."""
        found = lasting_owner_bindings().filter(member__person_id__in=person_ids)
        return set(found.values_list("member__person_id", flat=True))

    def require_joining_role(self, role_id: uuid.UUID) -> None:
        if not Role.objects.filter(id=role_id).exclude(code=OWNER).exists():
            raise InvalidInput.field(
                "default_role_id", _("Choose a role other than the owner's."), "role_unknown"
            )

    def is_active(self, person_id: uuid.UUID) -> bool:
        return Member.objects.filter(person_id=person_id, status=MemberStatus.ACTIVE).exists()

    def has_left(self, person_id: uuid.UUID) -> bool:
        members = Member.objects.filter(person_id=person_id)
        return members.exclude(status=MemberStatus.ACTIVE).exists()

    def come_in(
        self, *, person: Person, groups: Collection[str], joining_role_id: uuid.UUID | None
    ) -> None:
        """Publishes organizations.member_joined and role_binding_changed, as far as they happen."""
        with transaction.atomic():
            if joining_role_id is not None:
                roles = list(Role.objects.filter(id=joining_role_id).exclude(code=OWNER))
                member_join(
                    actor=ACTOR, person=person, organization=root_organization(), roles=roles
                )
            member = Member.objects.select_for_update().get(person_id=person.id)
            provider_group_roles_apply(member, groups)


def provider_group_roles_apply(member: Member, groups: Collection[str]) -> None:
    """Give and take the roles that the table names, by the groups that the member is in now.

    Others stay. The owner's is never given or taken, even if a row names it.
    """
    rows = list(
        ProviderGroupRole.objects.select_related("role", "organization").exclude(role__code=OWNER)
    )
    decided = {(row.role_id, row.organization_id): row for row in rows}
    wanted = {(row.role_id, row.organization_id) for row in rows if row.group in groups}
    held = {
        (one.role_id, one.organization_id): one
        for one in RoleBinding.objects.select_related("role", "member").filter(
            not_ended(timezone.now()), member=member
        )
    }
    for pair in sorted(decided.keys(), key=str):
        if pair in wanted and pair not in held:
            binding_give(ACTOR, decided[pair].role, decided[pair].organization, member=member)
        elif pair not in wanted and pair in held:
            binding_take(ACTOR, held[pair])
