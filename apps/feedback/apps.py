from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    name = "apps.feedback"
    verbose_name = "Feedback"

    def ready(self) -> None:
        from apps.feedback.models import Prompt
        from apps.tenants.masking import register_left_out

        # Nobody is asked in a sandbox for what they were asked in the original.
        register_left_out(Prompt)
