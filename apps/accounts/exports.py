"""What of people belongs into a tenant's export: who is a member, by name and address, and e-mail domains."""

from apps.tenants.exports.shared import SharedRows

MEMBERSHIPS = SharedRows(
    "memberships",
    "SELECT m.id, m.person_id, p.email, p.name, m.created_at "
    "FROM public.accounts_tenantmembership m JOIN public.accounts_person p ON p.id = m.person_id "
    "WHERE m.tenant_id = %(tenant_id)s ORDER BY m.id",
)
# Without the proof.
EMAIL_DOMAINS = SharedRows(
    "email_domains",
    "SELECT id, domain, verified_at, join_mode, created_at FROM public.accounts_emaildomain "
    "WHERE tenant_id = %(tenant_id)s ORDER BY id",
)
