from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "apps.audit"
    verbose_name = "Audit log"

    def ready(self) -> None:
        from apps.audit import not_audited  # noqa: F401 - registers its checks
        from apps.audit.models import Entry
        from apps.tenants.masking import register_left_out

        # A sandbox has a chain of its own, from its own first event on.
        register_left_out(Entry)
