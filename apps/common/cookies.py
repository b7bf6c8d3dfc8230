"""Cookies that we set: of one host, out of reach of scripts and of other sites' forms."""

from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpRequest
from django.http.response import HttpResponseBase


def host_cookie(name: str) -> str:
    """With the __Host- prefix, where cookies are secure: no sibling host can plant one."""
    return f"__Host-{name}" if settings.SESSION_COOKIE_SECURE else name


def shared_cookie(name: str) -> str:
    """Of one that all our hosts share, which __Host- rules out. For what does no harm when it is planted."""
    return f"__Secure-{name}" if settings.SESSION_COOKIE_SECURE else name


def cookie_set(
    response: HttpResponseBase, name: str, value: str, *, max_age_s: int, domain: str | None = None
) -> None:
    """name: of host_cookie, or of shared_cookie, which may have a domain."""
    response.set_cookie(
        name,
        value,
        max_age=max_age_s,
        domain=domain,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )


class MessageCookies(CookieStorage):
    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.cookie_name = host_cookie("messages")
        super().__init__(request, *args, **kwargs)


class MessageStorage(FallbackStorage):
    """Messages for the next page: in a cookie, and in the session where they do not fit."""

    storage_classes = (MessageCookies, SessionStorage)
