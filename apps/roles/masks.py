"""What becomes of roles and API keys when a workspace is copied for a sandbox."""

from apps.roles.models import ApiKey, Role
from apps.tenants.masking import Mask, register_masks


def register() -> None:
    register_masks(
        Role,
        kept=(
            "code",
            "name",
            "description",
            "permissions",
            "inherited_permissions",
            "inherited_system_roles",
        ),
    )
    register_masks(
        ApiKey,
        # No key of the source opens the copy, and none of the copy's own works.
        digest=Mask.NULL,
        previous_digest=Mask.NULL,
        hint=Mask.TEXT,
        previous_hint=Mask.TEXT,
        revoked_at=Mask("coalesce({column}, now())"),
        created_by=Mask.EMAIL,
        created_by_member_id=Mask.NULL,
        created_by_person_id=Mask.ID,
        last_used_ip=Mask.NULL,
        networks=Mask("'{}'"),
        kept=("name", "permissions", "organization_id"),
    )
