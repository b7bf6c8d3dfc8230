"""Writes on the catalogue and on what tenants have of it. All are for the platform: staff and the system."""

from apps.billing.services.catalogue import (
    plan_retire,
    version_discard,
    version_draft,
    version_publish,
    version_retire,
)
from apps.billing.services.loading import Change, catalogue_load
from apps.billing.services.tenants import (
    add_on_set,
    override_set,
    override_withdraw,
    plan_assign,
    plan_assign_missing,
)

__all__ = [
    "Change",
    "add_on_set",
    "catalogue_load",
    "override_set",
    "override_withdraw",
    "plan_assign",
    "plan_assign_missing",
    "plan_retire",
    "version_discard",
    "version_draft",
    "version_publish",
    "version_retire",
]
