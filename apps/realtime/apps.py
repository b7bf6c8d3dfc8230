from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class RealtimeConfig(AppConfig):
    name = "apps.realtime"
    verbose_name = "Live updates"

    def ready(self) -> None:
        # Every app's topics.
        autodiscover_modules("live")
