"""Shared tables with tenants' rows: each under forced row-level security, or with a reason why not."""

from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.db.models import Model

from apps.tenants.drift.finding import Finding, rows, statement
from apps.tenants.models import Tenant

SECURITY_SQL = """
SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
       EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND (c.relname = ANY(%(tables)s) OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))
ORDER BY 1
"""
# What a policy may say to others than the owner of the table, as PostgreSQL spells it.
OF_TENANT = "(NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid"
ALLOWED = [
    f"(tenant_id = {OF_TENANT})",
    f"(id = {OF_TENANT})",
    f"((tenant_id IS NULL) OR (tenant_id = {OF_TENANT}))",
]
# Of the tables whose models say why (sees_rows_of_none): in a tenant its rows, outside of one those of none.
OF_TENANT_OR_NONE = f"(NOT (tenant_id IS DISTINCT FROM {OF_TENANT}))"
# The third is for publishing alone: nobody but the owner reads what belongs to no tenant.
LOOSE_SQL = """
SELECT p.tablename, p.policyname, coalesce(p.qual, p.with_check)
FROM pg_policies p JOIN pg_class c ON c.relname = p.tablename AND c.relnamespace = 'public'::regnamespace
WHERE p.schemaname = 'public' AND p.roles <> ARRAY[pg_get_userbyid(c.relowner)]
  AND NOT (p.tablename = ANY(%(of_none)s) AND p.qual = %(or_none)s AND p.with_check IS NULL)
  AND (coalesce(p.qual, (%(allowed)s::text[])[1]) <> ALL ((%(allowed)s::text[])[1:2])
       OR coalesce(p.with_check, (%(allowed)s::text[])[1]) <> ALL (%(allowed)s::text[]))
ORDER BY 1, 2
"""


def guarded_tables() -> list[str]:
    """Tables of shared apps that tell of tenants, but for models that say why everybody may see them."""
    tenant_apps = set(settings.TENANT_APPS)
    return sorted(
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_config.name not in tenant_apps
        and _names_a_tenant(model)
        and not getattr(model, "without_row_level_security", "")
    )


def _names_a_tenant(model: type[Model]) -> bool:
    return model is Tenant or any(
        field.column == "tenant_id" or field.related_model is Tenant
        for field in model._meta.concrete_fields
    )


def find() -> Iterator[Finding]:
    for table, forced, has_policy in rows(SECURITY_SQL, {"tables": guarded_tables()}):
        if forced:
            continue
        if has_policy:
            yield Finding(
                "policy_off",
                table,
                "row-level security is switched off: every tenant's rows are visible to all",
                statement(
                    "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
                    table=table,
                ),
            )
        else:
            yield Finding(
                "policy_missing",
                table,
                "holds tenants' rows and has no policy: add one by a migration, as tenants.0002 does, or "
                "say on the model why everybody may see them (without_row_level_security)",
            )
    of_none = [
        model._meta.db_table
        for model in apps.get_models()
        if getattr(model, "sees_rows_of_none", "")
    ]
    parameters = {"allowed": ALLOWED, "of_none": of_none, "or_none": OF_TENANT_OR_NONE}
    for table, policy, rule in rows(LOOSE_SQL, parameters):
        yield Finding(
            "policy_changed",
            table,
            f"the policy {policy} lets others see or write {rule}: put back what its migration made",
        )
