"""What of people belongs into a tenant's export: who is a member, and how they have to sign in."""

from apps.tenants.exports.shared import SharedRows

SHARED_ROWS = (
    SharedRows(
        "memberships",
        "SELECT m.id, m.person_id, p.email, p.name, m.created_at "
        "FROM public.accounts_tenantmembership m JOIN public.accounts_person p ON p.id = m.person_id "
        "WHERE m.tenant_id = %(tenant_id)s ORDER BY m.id",
    ),
    SharedRows(
        "sign_in_policy",
        "SELECT id, require_mfa, created_at, updated_at FROM public.accounts_signinpolicy "
        "WHERE tenant_id = %(tenant_id)s",
    ),
    # Without the client's secret.
    SharedRows(
        "identity_providers",
        "SELECT id, name, state, discovery_url, issuer, client_id, scopes, algorithms, groups_claim, "
        "default_role_id, break_glass_ids, last_tested_at, created_at, updated_at "
        "FROM public.accounts_identityprovider WHERE tenant_id = %(tenant_id)s",
    ),
    SharedRows(
        "external_identities",
        "SELECT id, provider_id, issuer, subject, person_id, email, last_used_at, created_at "
        "FROM public.accounts_externalidentity WHERE tenant_id = %(tenant_id)s ORDER BY id",
    ),
    # Without the proof.
    SharedRows(
        "email_domains",
        "SELECT id, domain, verified_at, join_mode, created_at FROM public.accounts_emaildomain "
        "WHERE tenant_id = %(tenant_id)s ORDER BY id",
    ),
)
