from django.apps import AppConfig


class TrailConfig(AppConfig):
    name = "apps.trail"
    verbose_name = "Audit trail"

    def ready(self) -> None:
        from apps.tenants.exports.shared import register_shared_rows
        from apps.tenants.purging import register_purge_step
        from apps.trail.tenant_rows import SHARED_ROWS, STEPS

        register_shared_rows(*SHARED_ROWS)
        register_purge_step(*STEPS)
