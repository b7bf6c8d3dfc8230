"""What of this belongs into a tenant's export. Without what single people answered, which is theirs."""

from apps.tenants.exports.shared import SharedRows

SHARED_ROWS = (
    SharedRows(
        "feature_days",
        "SELECT feature, day, people, uses FROM public.adoption_featureday "
        "WHERE tenant_id = %(tenant_id)s ORDER BY feature, day",
    ),
)
