from django.utils.translation import gettext_lazy as _

from apps.common.entitlements import Entitlement, Kind
from apps.roles.models import ApiKey, Role

CUSTOM_ROLES = "roles.custom_roles"
API_KEYS = "roles.api_keys"

ENTITLEMENTS = [
    Entitlement(
        CUSTOM_ROLES,
        _("Custom roles"),
        _("Roles besides those that every workspace has."),
        Kind.LIMIT,
        unit=_("roles"),
        rows=lambda _tenant: [Role.objects.filter(is_system=False).values("id")],
        order=30,
    ),
    Entitlement(
        API_KEYS,
        _("API keys"),
        _("Keys for programs that are not revoked."),
        Kind.LIMIT,
        unit=_("API keys"),
        rows=lambda _tenant: [ApiKey.objects.filter(revoked_at=None).values("id")],
        order=35,
    ),
]
