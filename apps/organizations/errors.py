from django.utils.translation import gettext_lazy as _

from apps.common.errors import Conflict


class SeatLimitReached(Conflict):
    """The workspace may have no more people. The default is what somebody is told who comes in."""

    code = "seat_limit_reached"
    default_detail = _(
        "This workspace has no seat left. Ask somebody who runs it to free one, or to get more."
    )


class OrganizationArchived(Conflict):
    """Nothing new happens in an archived organization."""

    code = "organization_archived"
    default_detail = _("This organization is archived. Restore it first.")
