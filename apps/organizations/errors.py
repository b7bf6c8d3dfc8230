from django.utils.translation import gettext_lazy as _

from apps.common.errors import Conflict


class OrganizationArchived(Conflict):
    """Nothing new happens in an archived organization."""

    code = "organization_archived"
    default_detail = _("This organization is archived. Restore it first.")
