from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "apps.api"

    def ready(self) -> None:
        from apps.api.entitlements import ENTITLEMENTS
        from apps.common.entitlements import register_entitlements

        register_entitlements(ENTITLEMENTS)
