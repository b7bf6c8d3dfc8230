"""Name servers as settings spell them."""

import ipaddress
from collections.abc import Iterable

import dns.nameserver
import dns.resolver

PORT = 53


def nameserver(entry: str) -> dns.nameserver.Nameserver:
    """`192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`. Raises ValueError."""
    host, port = entry.strip(), PORT
    if host.startswith("["):
        host, _, rest = host[1:].partition("]")
        port = int(rest.removeprefix(":") or PORT)
    elif host.count(":") == 1:
        host, _, rest = host.partition(":")
        port = int(rest)
    return dns.nameserver.Do53Nameserver(str(ipaddress.ip_address(host)), port)


def resolver(entries: Iterable[str]) -> dns.resolver.Resolver:
    """One that asks these servers; none: the system's. Raises ValueError."""
    found = [nameserver(entry) for entry in entries]
    made = dns.resolver.Resolver(configure=not found)
    if found:
        made.nameservers = found
    return made
