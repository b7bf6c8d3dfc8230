"""What a new tenant gets: its root organization, and its owner."""

from apps.accounts.selectors import person_by_id
from apps.common.errors import NotFound
from apps.organizations.services import member_join, root_ensure, root_rename
from apps.roles.models import OWNER
from apps.roles.selectors import role_by_code
from apps.tenants.models import Tenant
from apps.tenants.provisioning import ACTOR, Step


def _root(tenant: Tenant) -> None:
    """A copy of another workspace has its root already, by the other's name."""
    root_ensure(tenant.name)
    if tenant.is_sandbox:
        root_rename(actor=ACTOR, name=tenant.name)


def _owner(tenant: Tenant) -> None:
    person = person_by_id(tenant.owner_person_id)
    if person is None:
        raise NotFound("The person who asked for this workspace does not exist any more.")
    member_join(
        actor=ACTOR,
        person=person,
        organization=root_ensure(tenant.name),
        roles=[role_by_code(OWNER)],
    )


STEPS = [
    Step("organization", "Preparing your organization", 30, _root),
    Step("owner", "Making you the owner", 40, _owner),
]
