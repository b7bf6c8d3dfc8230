"""Where a browser may be sent: paths of the same host, nothing else."""

from urllib.parse import urlsplit

from django.utils.http import url_has_allowed_host_and_scheme

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
