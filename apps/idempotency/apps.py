from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    name = "apps.idempotency"
    verbose_name = "Idempotency"

    def ready(self) -> None:
        from apps.common.api.idempotency import set_keeper
        from apps.idempotency.models import KeptAnswer
        from apps.idempotency.services import answer_once
        from apps.tenants.purging import register_purge_step, rows_step

        set_keeper(answer_once)
        register_purge_step(rows_step("kept_answers", "Answers kept by their key", 51, KeptAnswer))
