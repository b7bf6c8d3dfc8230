"""What happens elsewhere and changes what pages show."""

from apps.events.cache_invalidation import invalidates
from apps.portal.caches import FIGURES

invalidates(
    FIGURES,
    "organizations.member_joined",
    "organizations.member_moved",
    "organizations.member_placed",
    "organizations.member_status_changed",
    "organizations.member_invited",
    "organizations.invitation_accepted",
    "organizations.invitation_revoked",
    "organizations.organization_changed",
)
