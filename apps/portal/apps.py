from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "apps.portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        from apps.common.navigation import register_navigation
        from apps.portal import checks  # noqa: F401 - it registers itself
        from apps.portal.navigation import ITEMS

        register_navigation(*ITEMS)
