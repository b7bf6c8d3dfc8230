"""What of a tenant's plan belongs into its export. Without who of the staff did what, and why."""

from apps.tenants.exports.shared import SharedRows

SHARED_ROWS = (
    SharedRows(
        "plan",
        "SELECT t.id, p.code AS plan, v.number AS version, t.is_comp, t.since, t.period_anchor_at "
        "FROM public.billing_tenantplan t JOIN public.billing_planversion v ON v.id = t.plan_version_id "
        "JOIN public.billing_plan p ON p.id = v.plan_id WHERE t.tenant_id = %(tenant_id)s",
    ),
    SharedRows(
        "add_ons",
        "SELECT t.id, a.code AS add_on, t.quantity, t.since FROM public.billing_tenantaddon t "
        "JOIN public.billing_addon a ON a.id = t.add_on_id WHERE t.tenant_id = %(tenant_id)s ORDER BY t.id",
    ),
    SharedRows(
        "entitlement_overrides",
        "SELECT id, code, value, is_soft, expires_at, created_at FROM public.billing_entitlementoverride "
        "WHERE tenant_id = %(tenant_id)s ORDER BY id",
    ),
    SharedRows(
        "usage",
        "SELECT id, code, period_start, used FROM public.billing_usagecounter "
        "WHERE tenant_id = %(tenant_id)s ORDER BY id",
    ),
    SharedRows(
        "subscription",
        "SELECT id, stripe_id, status, standing, quantity, trial_ends_at, period_starts_at, period_ends_at, "
        "ends_at, resumes_at, unpaid_since, created_at "
        "FROM public.billing_subscription WHERE tenant_id = %(tenant_id)s",
    ),
    SharedRows(
        "credit_purchases",
        "SELECT c.id, p.code AS pack, c.quantity, c.credits_microcredits, c.amount_minor, c.currency, "
        "c.is_automatic, c.state, c.paid_at, c.paid_minor, c.returned, c.stripe_invoice_id, c.created_at "
        "FROM public.billing_creditpurchase c JOIN public.billing_packprice r ON r.id = c.price_id "
        "JOIN public.billing_creditpack p ON p.id = r.pack_id WHERE c.tenant_id = %(tenant_id)s "
        "ORDER BY c.id",
    ),
    SharedRows(
        "auto_top_up",
        "SELECT t.id, t.is_on, p.code AS pack, t.quantity, t.currency, t.monthly_cap_minor, t.paused_at, "
        "t.pause_reason FROM public.billing_autotopup t JOIN public.billing_creditpack p ON p.id = t.pack_id "
        "WHERE t.tenant_id = %(tenant_id)s",
    ),
    SharedRows(
        "billing_customer",
        "SELECT id, stripe_id, currency, email, name, address, extra_emails, created_at "
        "FROM public.billing_billingcustomer WHERE tenant_id = %(tenant_id)s",
    ),
)
