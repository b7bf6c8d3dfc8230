"""Absolute addresses. Built from settings and the database, never from a request's Host header."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import NoReverseMatch, get_urlconf, reverse, set_urlconf


def public_url(path: str = "/") -> str:
    """Address of `path` on the platform's public site."""
    return f"{settings.PUBLIC_URL}{path}"


@contextmanager
def public_urls() -> Iterator[None]:
    """For the block names of pages are those of the public site, also while a tenant's host is served.

    For a library that looks up pages which only the public site has.
    """
    before = get_urlconf()
    set_urlconf(settings.PUBLIC_URLCONF)
    try:
        yield
    finally:
        set_urlconf(before)


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
