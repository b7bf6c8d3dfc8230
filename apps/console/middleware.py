"""The console's requests speak to the database as the system."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from apps.common.database import system_connection


class ConsoleConnectionMiddleware:
    """Comes after authentication. Only for staff, and only on the console's pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self._is_console(request):
            return self.get_response(request)
        with system_connection():
            return self.get_response(request)

    def _is_console(self, request: HttpRequest) -> bool:
        console = reverse("admin:index", urlconf="config.urls_public")
        return (
            request.path.startswith(console)
            and request.user.is_authenticated
            and getattr(request.user, "is_staff", False)
        )
