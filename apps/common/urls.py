"""Absolute addresses. Built from settings and the database, never from a request's Host header."""

from urllib.parse import urlsplit

from django.conf import settings
from django.urls import NoReverseMatch, reverse


def public_url(path: str = "/") -> str:
    """Address of `path` on the platform's public site."""
    return f"{settings.PUBLIC_URL}{path}"


def slug_host(slug: str) -> str:
    """Host name of a slug's subdomain."""
    return f"{slug}.{settings.BASE_DOMAIN}"


def host_url(host: str, path: str = "/") -> str:
    """Address of `path` on a tenant's host, with the public site's scheme and port."""
    public = urlsplit(settings.PUBLIC_URL)
    port = f":{public.port}" if public.port else ""
    return f"{public.scheme}://{host}{port}{path}"


def route_exists(name: str, urlconf: str) -> bool:
    """Whether a page of this name, without arguments, is in a URL configuration. For start-up checks."""
    try:
        reverse(name, urlconf=urlconf)
    except NoReverseMatch:
        return False
    return True
