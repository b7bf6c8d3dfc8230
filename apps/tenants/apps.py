from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "apps.tenants"
    verbose_name = "Tenants"

    def ready(self) -> None:
        from apps.common.access import register_permissions
        from apps.common.entitlements import register_entitlements
        from apps.common.tenancy import TenantLoader, set_tenant_loader
        from apps.tenants import caches, checks, provisioning  # noqa: F401 - they register themselves
        from apps.tenants.entitlements import ENTITLEMENTS
        from apps.tenants.exports.shared import TENANTS, register_shared_rows
        from apps.tenants.permissions import PERMISSIONS
        from apps.tenants.purge_steps import STEPS
        from apps.tenants.purging import register_purge_step
        from apps.tenants.selectors import RUNNABLE_QUERY, runnable_ref

        register_permissions(PERMISSIONS)
        register_entitlements(ENTITLEMENTS)
        register_shared_rows(*TENANTS)
        register_purge_step(*STEPS)
        set_tenant_loader(TenantLoader(RUNNABLE_QUERY, runnable_ref))
