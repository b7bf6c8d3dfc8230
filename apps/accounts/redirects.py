"""Where a browser may be sent: paths of the same host, and hosts that the database knows."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

MAX_LENGTH = 2000


def is_safe_path(url: str | None) -> bool:
    """True for `/path?query`; false for anything a browser could read as another host."""
    if not url or len(url) > MAX_LENGTH or not url.startswith("/") or url.startswith("//"):
        return False
    if "\\" in url or any(ord(c) <= 32 or ord(c) == 127 for c in url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc and url_has_allowed_host_and_scheme(url, None)


def safe_path(url: str | None, default: str = "/") -> str:
    return url if url and is_safe_path(url) else default


def leave_for(url: str) -> HttpResponse:
    """Send the browser to a workspace's host; to a domain of the workspace's own by the Refresh header.

    The browser may come here from a form, and checks every redirect that follows a form against the CSP's
    form-action, which cannot list all customers' domains. url: built by us, from the database.
    """
    if (urlsplit(url).hostname or "").endswith(f".{settings.BASE_DOMAIN}"):
        return redirect(url)
    body = format_html(
        '<!doctype html><html lang="en"><title>…</title><link rel="icon" href="data:,">'
        '<p><a href="{}">{}</a>',
        url,
        _("Continue"),
    )
    return HttpResponse(body, headers={"Refresh": f"0; url={url}", "Cache-Control": "no-store"})
