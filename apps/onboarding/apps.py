from django.apps import AppConfig


class OnboardingConfig(AppConfig):
    name = "apps.onboarding"
    verbose_name = "Onboarding"

    def ready(self) -> None:
        from apps.onboarding import checks  # noqa: F401 - registers itself
        from apps.onboarding.models import Dismissal, StepState, WorkflowRun
        from apps.onboarding.provisioning import STEP
        from apps.tenants.masking import register_left_out
        from apps.tenants.provisioning import register_step

        register_step(STEP)
        # A sandbox begins anew, and finds done what is there.
        for model in (WorkflowRun, StepState, Dismissal):
            register_left_out(model)
