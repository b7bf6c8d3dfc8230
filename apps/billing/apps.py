from django.apps import AppConfig
from django.core.checks.registry import registry
from django.utils.module_loading import autodiscover_modules


class BillingConfig(AppConfig):
    name = "apps.billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        from djstripe import checks as djstripes

        from apps.billing import (  # noqa: F401 - checks register themselves
            checks,
            checks_stripe,
            gateway,
        )
        from apps.billing.exports import SHARED_ROWS
        from apps.billing.inbox import mirror
        from apps.billing.permissions import PERMISSIONS
        from apps.billing.provisioning import STEP
        from apps.billing.purging import STEPS
        from apps.billing.source import BillingPlans, BillingSource
        from apps.common.access import register_permissions
        from apps.common.entitlements import set_entitlement_source
        from apps.common.flags import set_plan_source
        from apps.tenants.exports.shared import register_shared_rows
        from apps.tenants.provisioning import register_step
        from apps.tenants.purging import register_purge_step

        register_permissions(PERMISSIONS)
        set_entitlement_source(BillingSource())
        set_plan_source(BillingPlans())
        # They ask the database, at every check, about endpoints that dj-stripe made: it makes none here.
        for check in (
            djstripes.check_webhook_validation,
            djstripes.check_webhook_endpoint_has_secret,
        ):
            registry.registered_checks.discard(check)
        gateway.introduce()
        mirror.install()
        register_shared_rows(*SHARED_ROWS)
        register_purge_step(*STEPS)
        register_step(STEP)
        # What apps want to know of Stripe, as events.py and handlers.py are for our own events.
        autodiscover_modules("stripe_handlers")
