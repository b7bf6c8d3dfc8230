"""What a sign-in by a tenant's provider needs of members and roles, which are a layer above."""

import uuid
from collections.abc import Collection
from typing import Protocol

from apps.accounts.models import Person


class Members(Protocol):
    """All of it in the entered tenant."""

    def owners_among(self, person_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
        """Those who are active owners of the whole tenant."""
        ...

    def require_joining_role(self, role_id: uuid.UUID) -> None:
        """Raises InvalidInput for a role that is not there, or is the owner's."""
        ...

    def is_active(self, person_id: uuid.UUID) -> bool:
        """Whether the person is an active member."""
        ...

    def has_left(self, person_id: uuid.UUID) -> bool:
        """Whether the person was a member, and is deactivated or removed."""
        ...

    def come_in(
        self, *, person: Person, groups: Collection[str], joining_role_id: uuid.UUID | None
    ) -> None:
        """Make who is none a member with the role, and give and take the roles that groups decide."""
        ...


_members: list[Members] = []


def set_members(source: Members) -> None:
    """Called once by the organizations app."""
    _members[:] = [source]


def members() -> Members:
    return _members[0]
