"""Times on pages are the reader's own."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from apps.common.problems import MACHINE_PATHS


class PersonTimeZoneMiddleware:
    """Activates the signed-in person's time zone. Without a session cookie, and for programs: no work."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = self._zone_name(request)
        if not name:
            return self.get_response(request)
        with timezone.override(zoneinfo.ZoneInfo(name)):
            return self.get_response(request)

    def _zone_name(self, request: HttpRequest) -> str:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return ""
        if request.path.startswith(MACHINE_PATHS):
            return ""
        return getattr(request.user, "time_zone", "") if request.user.is_authenticated else ""
