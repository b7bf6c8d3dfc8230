from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    name = "apps.schedules"

    def ready(self) -> None:
        from apps.schedules import outcomes  # noqa: F401 - its receivers of signals
