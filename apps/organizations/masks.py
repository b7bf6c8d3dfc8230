"""What becomes of people when a workspace is copied for a sandbox."""

from apps.organizations.models import GroupRole, Invitation, Member, Organization
from apps.tenants.masking import Mask, register_masks


def register() -> None:
    register_masks(Organization, kept=("path", "name"))
    register_masks(Member, email=Mask.EMAIL, name=Mask.NAME, person_id=Mask.ID)
    register_masks(GroupRole, kept=("group",))
    register_masks(
        Invitation,
        email=Mask.EMAIL,
        nonce=Mask.NEW_ID,
        # No mail ever leaves for an invitation that is taken back.
        revoked_at=Mask("CASE WHEN accepted_at IS NULL THEN coalesce({column}, now()) END"),
        kept=("role_ids",),
    )
