"""Which origins a workspace may let call its API from a browser, and how they are written."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.errors import InvalidInput
from apps.tenants.hosts import MAX_LENGTH, domain_normalize

FIELD = "allowed_origins"
MAX_ORIGINS = 20
MAX_CHARS = MAX_LENGTH + len("https://:65535")
# As a browser writes it in the header Origin (RFC 6454, section 6.2), with a scheme that one can be sent by.
ORIGIN = re.compile(r"https?://[a-z0-9.-]{1,253}(?::[1-9][0-9]{0,4})?")
LOCAL_HOSTS = ("localhost", "127.0.0.1")
DEFAULT_PORTS = {"https": 443, "http": 80}


def origin_normalize(text: str) -> str:
    """The origin as browsers send it: lower case, without the scheme's own port and without a path.

    HTTPS only; where the platform itself is reached by HTTP, in development, also localhost. No wildcards:
    below many domains anybody can have a name. Raises InvalidInput on the field `allowed_origins`.
    """
    origin = text.strip().removesuffix("/")
    if "*" in origin:
        raise _wrong(_("A wildcard cannot be used. Write each origin by itself."), origin)
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError as error:
        raise _wrong(_("This is no origin, such as https://app.example.com."), origin) from error
    is_bare = not (parts.path or parts.query or parts.fragment or "?" in origin or "#" in origin)
    # urlsplit drops line breaks and tabs.
    is_text = origin.isprintable() and " " not in origin
    if (
        not is_text
        or not parts.hostname
        or "@" in parts.netloc
        or len(origin) > 2 * MAX_CHARS
        or port == 0
    ):
        raise _wrong(_("This is no origin, such as https://app.example.com."), origin)
    if not is_bare:
        raise _wrong(_("Write scheme, host and port only: no path and no query."), origin)
    host = _host(parts.hostname, parts.scheme, origin)
    shown_port = f":{port}" if port and port != DEFAULT_PORTS[parts.scheme] else ""
    return f"{parts.scheme}://{host}{shown_port}"


def origins_normalize(texts: list[str]) -> list[str]:
    """Each once, in the order given. Raises InvalidInput, also for too many."""
    origins = list(dict.fromkeys(origin_normalize(text) for text in texts))
    if len(origins) > MAX_ORIGINS:
        raise InvalidInput.field(
            FIELD, _("At most %d origins can be allowed.") % MAX_ORIGINS, "too_many_origins"
        )
    return origins


def _host(host: str, scheme: str, origin: str) -> str:
    if host in LOCAL_HOSTS and settings.PUBLIC_URL.startswith("http://"):
        if scheme in DEFAULT_PORTS:
            return host
    elif scheme == "https":
        try:
            return domain_normalize(host)
        except InvalidInput as error:
            raise _wrong(error.detail, origin) from error
    raise _wrong(_("An origin begins with https://, such as https://app.example.com."), origin)


def _wrong(message: str | Promise, origin: str) -> InvalidInput:
    shown = origin if len(origin) <= 60 else f"{origin[:59]}…"
    return InvalidInput.field(FIELD, f"{shown}: {message}" if shown else message, "origin_invalid")
