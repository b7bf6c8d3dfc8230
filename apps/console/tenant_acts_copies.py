"""Copies of a tenant: an archive for its owners."""

from apps.console.acts import Act
from apps.tenants.services import export_request
from apps.tenants.services.exports import is_exportable

COPY_ACTS = (
    Act(
        name="export",
        label="Export",
        icon="archive",
        available=is_exportable,
        explain=lambda _tenant: [
            (
                "A worker writes an archive with all data and files of the workspace. Its owners find it "
                "on their page Settings, Export."
            ),
            "You cannot download it: what is in a workspace is its members’ business.",
        ],
        run=lambda actor, tenant, _data: export_request(actor=actor, tenant_id=tenant.pk),
        done=lambda tenant: f"An export of {tenant.slug} is under way.",
    ),
)
