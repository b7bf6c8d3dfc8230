from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Stand-ins for third parties, for the demo and tests; refuses to start in production."""

    name = "apps.sandbox"
    verbose_name = "Sandbox"

    def ready(self) -> None:
        from apps.credits.operations import register_operations
        from apps.sandbox import checks  # noqa: F401 - registers itself
        from apps.sandbox.operations import OPERATIONS

        register_operations(OPERATIONS)
