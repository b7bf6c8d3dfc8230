"""What pages are told of as it happens: a workspace that is being made, an archive that is being written."""

import uuid

from apps.common.live import live_topic, tell, tell_on_commit
from apps.tenants.models import Tenant
from apps.tenants.permissions import EXPORT_DATA

EXPORTS = live_topic("tenants.exports", permission=EXPORT_DATA)
# To who asked for the workspace, on the public host.
PROVISIONING = "tenants.provisioning"


def tell_provisioning(tenant: Tenant) -> None:
    """It got on by a step, or has another status, as of the commit."""
    tell_on_commit(
        tenant_id=None,
        to=tenant.owner_person_id,
        kind=PROVISIONING,
        data={"tenant_id": str(tenant.id)},
    )


def tell_export_progress(tenant_id: uuid.UUID) -> None:
    """A table further: there may be hundreds of them a second."""
    tell(tenant_id=tenant_id, to=EXPORTS, at_most_every_s=0.5)


def tell_export(tenant_id: uuid.UUID) -> None:
    """One was asked for, has begun or is over, as of the commit."""
    tell_on_commit(tenant_id=tenant_id, to=EXPORTS)
