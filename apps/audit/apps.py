from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "apps.audit"
    verbose_name = "Audit log"

    def ready(self) -> None:
        from apps.audit import actions  # noqa: F401 - registers its checks
        from apps.audit.entitlements import ENTITLEMENTS
        from apps.audit.models import Entry
        from apps.audit.permissions import PERMISSIONS
        from apps.common.access import register_permissions
        from apps.common.entitlements import register_entitlements
        from apps.tenants.masking import register_left_out

        register_permissions(PERMISSIONS)
        register_entitlements(ENTITLEMENTS)
        # A sandbox has a chain of its own, from its own first event on.
        register_left_out(Entry)
