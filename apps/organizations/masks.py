"""What becomes of people when a workspace is copied for a sandbox."""

from apps.organizations.models import (
    DirectoryUser,
    Group,
    Invitation,
    JoinRequest,
    Member,
    Organization,
    OrganizationSetting,
    ProviderGroupRole,
)
from apps.tenants.masking import Mask, register_masks

# What the identity provider calls somebody: unique, so it stays so.
EXTERNAL_ID = Mask("left({hash}, 32)")


def register() -> None:
    register_masks(Organization, kept=("path", "name", "archived_with"))
    register_masks(OrganizationSetting, kept=("code", "value"))
    register_masks(Member, email=Mask.EMAIL, name=Mask.NAME, person_id=Mask.ID)
    register_masks(ProviderGroupRole, kept=("group",))
    register_masks(
        Invitation,
        email=Mask.EMAIL,
        nonce=Mask.NEW_ID,
        # No mail ever leaves for an invitation that is taken back.
        revoked_at=Mask("CASE WHEN accepted_at IS NULL THEN coalesce({column}, now()) END"),
        kept=("role_ids",),
    )
    register_masks(
        DirectoryUser,
        user_name=Mask.EMAIL,
        external_id=EXTERNAL_ID,
        display_name=Mask.NAME,
        given_name=Mask.NAME,
        family_name=Mask.NAME,
    )
    register_masks(Group, kept=("display_name",), external_id=EXTERNAL_ID)
    register_masks(JoinRequest, email=Mask.EMAIL, name=Mask.NAME, person_id=Mask.ID)
