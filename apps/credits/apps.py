from django.apps import AppConfig


class CreditsConfig(AppConfig):
    name = "apps.credits"
    verbose_name = "Credits"

    def ready(self) -> None:
        from apps.common.access import register_permissions
        from apps.credits import masks
        from apps.credits.permissions import PERMISSIONS

        register_permissions(PERMISSIONS)
        masks.register()
