"""Which names may be a domain of a tenant's own, and how they are written."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.common.errors import InvalidInput
from apps.tenants.models.domain import TXT_LABEL

# A name has at most 253 characters (RFC 1035, section 2.3.4), that of its record too.
MAX_LENGTH = 253 - len(f"{TXT_LABEL}.")
# RFC 1123, section 2.1. The last label begins with a letter, or the whole could be an IP address.
NAME = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])", re.ASCII
)
# IDNA 2003, which Python has, writes these otherwise than browsers do (UTS 46, section 7).
DEVIATIONS = re.compile("[ßς\u200c\u200d]")
PORT = re.compile(r":\d*$")


def domain_normalize(domain: str) -> str:
    """The name in lower case and ASCII (xn--...), without a dot at its end.

    Raises InvalidInput on field `domain`: for what is no host name, and for names of the platform's own.
    """
    name = domain.strip().rstrip(".").lower()
    if not name:
        raise _wrong(_("Enter a domain, for example work.example.com."), "required")
    if "/" in name or "@" in name or PORT.search(name):
        raise _wrong(_("Enter the name only: no https://, no port, no path."))
    if "*" in name:
        raise _wrong(_("A wildcard cannot be added. Add each name by itself."))
    name = _ascii(name)
    if len(name) > MAX_LENGTH:
        raise _wrong(_("This name is too long: at most %d characters.") % MAX_LENGTH)
    if "." not in name:
        raise _wrong(_("Enter a whole domain with a dot in it, for example work.example.com."))
    if not NAME.fullmatch(name):
        raise _wrong(_("This is not a domain, such as work.example.com."))
    if _is_ours(name):
        raise _wrong(
            _("This name is the platform's own. Add one that belongs to you."), "domain_reserved"
        )
    return name


def _ascii(name: str) -> str:
    """International names in their ASCII form (IDNA 2003)."""
    if name.isascii():
        return name
    if DEVIATIONS.search(name):
        raise _wrong(_("Write this name in its ASCII form, which begins with xn--."))
    # The codec takes quadratic time.
    if len(name) > MAX_LENGTH:
        raise _wrong(_("This name is too long: at most %d characters.") % MAX_LENGTH)
    try:
        return name.encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError as error:
        raise _wrong(_("This is not a domain, such as work.example.com.")) from error


def _is_ours(name: str) -> bool:
    ours = {*settings.PUBLIC_HOSTS, urlsplit(settings.PUBLIC_URL).hostname or ""}
    return any(name == one or name.endswith(f".{one}") for one in ours if one)


def _wrong(message: str | Promise, code: str = "domain_invalid") -> InvalidInput:
    return InvalidInput.field("domain", message, code)
