from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "apps.common"

    def ready(self) -> None:
        from apps.common import fair_queues  # noqa: F401 - notes in each message whose turn it takes
