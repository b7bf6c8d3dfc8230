"""A new workspace begins its workflows, and its owner theirs: both are there at the first sign-in."""

from apps.onboarding.life import workflows_start
from apps.organizations.models import Member
from apps.tenants.models import Tenant
from apps.tenants.provisioning import ACTOR, Step


def _start(tenant: Tenant) -> None:
    """A copy of another workspace has more members: theirs begin within the hour."""
    workflows_start(actor=ACTOR, member=None)
    for member in Member.objects.filter(person_id=tenant.owner_person_id):
        workflows_start(actor=ACTOR, member=member)


STEP = Step("onboarding", "Preparing your first steps", 60, _start)
