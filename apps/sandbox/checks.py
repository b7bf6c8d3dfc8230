from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def sandbox_is_allowed(**_kwargs: Any) -> list[CheckMessage]:
    """Only the local and test settings set SANDBOX: its inbox shows everybody's mail to anybody."""
    if getattr(settings, "SANDBOX", False):
        return []
    return [
        Error(
            "apps.sandbox is installed outside local and test settings",
            id="sandbox.E001",
            hint="Remove it from INSTALLED_APPS: it must never run in production.",
        )
    ]
