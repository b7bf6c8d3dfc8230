"""What of billing belongs into a tenant's export."""

from apps.tenants.exports.shared import SharedRows

SHARED_ROWS = (
    SharedRows(
        "billing_customer",
        "SELECT id, stripe_id, currency, email, name, created_at FROM public.billing_billingcustomer "
        "WHERE tenant_id = %(tenant_id)s",
    ),
)
