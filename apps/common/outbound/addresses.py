"""Which addresses may be asked: of the internet, by their text and by where they lead."""

import ipaddress
import re
import socket
from contextlib import suppress
from urllib.parse import urlsplit

import dns.exception
from django.conf import settings

from apps.common.resolvers import resolver

MAX_URL_LENGTH = 2000
NOT_PUBLIC = "The address leads into a network that is not public."
PORTS = (None, 443, 8443)
# RFC 3986, section 2, in ASCII; a backslash, for one, is read in different ways.
URL = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
# IANA gives addresses of the internet from this one only (RFC 4291, section 2.4).
UNICAST = ipaddress.IPv6Network("2000::/3")
# Public by their number, and yet not the internet's: Azure's platform, protocols (RFC 6890), relays of 6to4
# (RFC 7526), ORCHID (RFC 4843, RFC 7343), documentation (RFC 9637).
DENIED = [
    ipaddress.ip_network(net)
    for net in (
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "2001:10::/28",
        "2001:20::/28",
        "3fff::/20",
    )
]


def url_problem(
    url: str, internal_hosts: frozenset[str] = frozenset(), *, is_trusted: bool = False
) -> str:
    """Why an address may not be asked, or "". Looks at its text only; names are resolved when connecting.

    internal_hosts: `host:port` that may be internal and without TLS (the sandbox, never in production).
    is_trusted: an operator named it, so it may be internal, at any port.
    """
    if len(url) > MAX_URL_LENGTH or not URL.fullmatch(url):
        return "The address has characters that no address has, or is too long."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "This is not an address."
    may_be_plain = f"{host}:{port}" in internal_hosts
    may_be_internal = is_trusted or may_be_plain
    problems = {
        "The address must have no user, no password and no #.": "@" in parts.netloc or "#" in url,
        "Enter a whole address, which begins with https://.": not host,
        "The address must begin with https://.": parts.scheme
        not in (("https", "http") if may_be_plain else ("https",)),
        NOT_PUBLIC: not may_be_internal and _is_internal_literal(host or ""),
        "Only the ports 443 and 8443 can be used.": port not in PORTS and not may_be_internal,
    }
    return next((problem for problem, holds in problems.items() if holds), "")


def _is_internal_literal(host: str) -> bool:
    try:
        return not is_public(str(ipaddress.ip_address(host)))
    except ValueError:
        # A name; where it leads is seen when connecting.
        return False


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet's, and leads to no IPv4 address inside it.

    What hides one is outside of 2000::/3 (mapped and compatible: RFC 4291; translated: RFC 6052, RFC 8215),
    or known by its prefix (6to4, Teredo).
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        # With a zone (fe80::1%eth0): of a link.
        return False
    if isinstance(found, ipaddress.IPv6Address) and (
        found not in UNICAST or found.sixtofour is not None or found.teredo is not None
    ):
        return False
    if any(found in net for net in DENIED if net.version == found.version):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def addresses_of(host: str, *, is_internal: bool, lifetime_s: float) -> list[str]:
    """What a host's name leads to. is_internal: by the system's resolver, hosts files and all.

    Raises OSError.
    """
    with suppress(ValueError):
        return [str(ipaddress.ip_address(host))]
    if is_internal:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(info[4][0]) for info in found))
    try:
        answers = resolver(settings.OUTBOUND_RESOLVERS).resolve_name(
            host, lifetime=lifetime_s, search=False
        )
        return list(answers.addresses())
    except dns.exception.DNSException as error:
        raise OSError(f"{host} cannot be resolved: {type(error).__name__}") from error
