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
WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%(tables)s)
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
