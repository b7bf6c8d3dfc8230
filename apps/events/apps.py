from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class EventsConfig(AppConfig):
    name = "apps.events"

    def ready(self) -> None:
        """Import what every installed app declares: the registries are whole before work starts."""
        from apps.common.tasks import set_refusal_recorder
        from apps.events import checks  # noqa: F401  (registers the system checks)
        from apps.events.dead_tasks import dead_task_record

        set_refusal_recorder(dead_task_record)
        autodiscover_modules("events", "handlers", "personal_data")
