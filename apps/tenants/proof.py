"""The proof that a domain is its claimant's: a TXT record, looked up in DNS.

The way of RFC 8555 (section 8.4) and of draft-ietf-dnsop-domain-verification-techniques: a label of our
own below the name, so that the record disturbs nothing, and a value that only the claimant was told.
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
import structlog
from django.conf import settings
from django.core.cache import caches
from django.utils.translation import gettext_lazy as _

from apps.common.actors import Actor
from apps.common.errors import Conflict
from apps.common.resolvers import nameserver, resolver
from apps.tenants.enums import DomainCheck

log = structlog.get_logger(__name__)

# Seconds for all questions of one look, and for one server's answer to one of them.
LIFETIME_S, TIMEOUT_S = 5.0, 2.0
SHOWN_NAME, SHOWN_VALUE = 120, 60
# Looks that people ask for, of all tenants together: each holds a thread of a web process.
CHECKS_AT_ONCE = 3


class Provable(Protocol):
    """A name that a tenant claims, with the record that proves it: a host's, or that of e-mail addresses."""

    domain: str

    @property
    def txt_name(self) -> str | None: ...

    @property
    def txt_value(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """detail: what to do about it, for people; empty when the record is there."""

    code: DomainCheck
    detail: str = ""


def look_up(domain: Provable) -> Finding:
    """Ask DNS for the domain's record. Takes up to LIFETIME_S: never inside a transaction.

    Raises nothing for what the network does; that is a Finding too.
    """
    deadline_s = time.monotonic() + LIFETIME_S
    assert domain.txt_name is not None  # noqa: S101 - the caller has asked needs_proof
    try:
        values = _txt(domain.txt_name, LIFETIME_S)
        if values is None and not _exists(domain.domain, deadline_s - time.monotonic()):
            return Finding(
                DomainCheck.NO_DOMAIN,
                f"The name {_short(domain.domain, SHOWN_NAME)} does not exist in DNS. Check how it is "
                "written and that it is registered; then add the TXT record.",
            )
    except dns.exception.DNSException as error:
        log.warning("tenants.dns_unanswered", domain=domain.domain, error=str(error)[:300])
        return Finding(
            DomainCheck.NO_ANSWER,
            "The DNS server of this name did not answer. Check its name servers, or try again in a few "
            "minutes.",
        )
    if domain.txt_value in (values or ()):
        return Finding(DomainCheck.FOUND)
    if not values:
        return Finding(
            DomainCheck.MISSING,
            f"There is no TXT record at {_short(domain.txt_name, SHOWN_NAME)}. Add it; a new record can "
            "take up to an hour until it is seen everywhere.",
        )
    return Finding(
        DomainCheck.OTHER_VALUE,
        f"There is a TXT record, but its value is “{_short(values[0], SHOWN_VALUE)}”. Put the value that "
        "was given for this domain into it, or add a second record.",
    )


@contextmanager
def one_look_at_a_time(actor: Actor, tenant_id: uuid.UUID) -> Iterator[None]:
    """A look holds a thread for seconds: tenants whose DNS answers nothing must not take them all.

    Raises Conflict while another check of the tenant runs, or CHECKS_AT_ONCE of others. The platform's own
    checks take turns already.
    """
    if actor.is_system:
        yield
        return
    cache, lifetime_s = caches["global"], int(2 * LIFETIME_S)
    key = f"domain-check:{tenant_id}"
    if not cache.add(key, 1, lifetime_s):
        raise Conflict(
            _("A check of this workspace's domains is running. Try again in a few seconds."),
            code="check_running",
        )
    slots = (f"domain-check-slot:{number}" for number in range(CHECKS_AT_ONCE))
    slot = next((slot for slot in slots if cache.add(slot, 1, lifetime_s)), None)
    try:
        if slot is None:
            raise Conflict(
                _("Many domains are being checked. Try again in a few seconds."),
                code="check_running",
            )
        yield
    finally:
        cache.delete_many([key, *([slot] if slot else [])])


def nameservers() -> list[dns.nameserver.Nameserver]:
    """DNS_RESOLVERS as the library wants them. Raises ValueError for what is no address."""
    return [nameserver(entry) for entry in settings.DNS_RESOLVERS]


def _resolver() -> dns.resolver.Resolver:
    made = resolver(settings.DNS_RESOLVERS)
    made.timeout = TIMEOUT_S
    return made


def _txt(name: str, lifetime_s: float) -> list[str] | None:
    """The values of a name's TXT records, empty for a name without; None for a name that is not there."""
    try:
        answer = _resolver().resolve(
            dns.name.from_text(name), dns.rdatatype.TXT, search=False, lifetime=lifetime_s
        )
    except dns.resolver.NXDOMAIN:
        return None
    except dns.resolver.NoAnswer:
        return []
    # A value that is longer than 255 bytes comes in parts (RFC 7208, section 3.3, says how to read them).
    joined = [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
    return sorted(value.strip().strip('"') for value in joined)


def _exists(name: str, lifetime_s: float) -> bool:
    """Whether a name is there at all, with whatever records."""
    try:
        _resolver().resolve(
            dns.name.from_text(name),
            dns.rdatatype.SOA,
            search=False,
            lifetime=max(lifetime_s, 0.1),
            raise_on_no_answer=False,
        )
    except dns.resolver.NXDOMAIN:
        return False
    return True


def _short(text: str, length: int) -> str:
    """What comes from outside: printable, and not endless."""
    text = "".join(c if c.isprintable() else "�" for c in text)
    return text if len(text) <= length else f"{text[: length - 1]}…"
