from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from apps.portal.shell import Shell, theme_of


def shell(request: HttpRequest) -> dict[str, Any]:
    """`theme` for <html>, `shell` for the frame, whom to ask; nothing is read for pages without them."""
    return {
        "theme": theme_of(request),
        "shell": SimpleLazyObject(lambda: Shell(request)),
        "support_email": settings.SUPPORT_EMAIL,
    }
