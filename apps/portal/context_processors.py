from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from apps.portal.shell import Shell, theme_of


def shell(request: HttpRequest) -> dict[str, Any]:
    """`theme` for <html>, and `shell` for the frame; nothing is read for pages that use neither."""
    return {"theme": theme_of(request), "shell": SimpleLazyObject(lambda: Shell(request))}
