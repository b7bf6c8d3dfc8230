from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "apps.billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        from apps.billing import checks  # noqa: F401 - they register themselves
        from apps.billing.exports import SHARED_ROWS
        from apps.billing.permissions import PERMISSIONS
        from apps.billing.provisioning import STEP
        from apps.billing.purging import STEPS
        from apps.billing.source import BillingSource
        from apps.common.access import register_permissions
        from apps.common.entitlements import set_entitlement_source
        from apps.tenants.exports.shared import register_shared_rows
        from apps.tenants.provisioning import register_step
        from apps.tenants.purging import register_purge_step

        register_permissions(PERMISSIONS)
        set_entitlement_source(BillingSource())
        register_shared_rows(*SHARED_ROWS)
        register_purge_step(*STEPS)
        register_step(STEP)
