"""Recognising the devices of a person, so that a sign-in from another one is told to them."""

import hashlib
import ipaddress
import re
import secrets
from datetime import timedelta

from django.core import signing
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from apps.accounts.devices import Client, client_of
from apps.accounts.events import DeviceFirstSeen, EmailRequested
from apps.accounts.models import KnownDevice, Person
from apps.accounts.selectors import person_actor
from apps.common.cookies import cookie_set, host_cookie
from apps.events.services import publish

MAIL = "account/email/new_device"
SALT = "accounts.device"
# As long as browsers keep any cookie.
LIFETIME_S = 400 * 24 * 3600
# Of a client's network, what it tends to keep: a provider's block, a site.
PREFIX_LENGTHS = {4: 24, 6: 48}
PRUNE_BATCH = 1000


def cookie_name() -> str:
    return host_cookie("device")


def browser_note(request: HttpRequest, person: Person) -> None:
    """Note a sign-in on the public host. The browser's cookie names the device; it gets one if it has none.

    In the caller's transaction, which holds the person's lock. Publishes what `_note` does.
    """
    token = _token(request) or secrets.token_urlsafe(32)
    request.device_token = token  # type: ignore[attr-defined]
    _note(person, "browser", f"browser:{token}", client_of(request))


def api_note(person: Person, client: Client) -> None:
    """Note a sign-in by API. Name and network name the device; a new version of a client is no new one.

    In the caller's transaction, which holds the person's lock. Publishes what `_note` does.
    """
    network = ""
    if client.ip is not None:
        address = ipaddress.ip_address(client.ip)
        prefix = (address, PREFIX_LENGTHS[address.version])
        network = str(ipaddress.ip_network(prefix, strict=False))
    name = re.sub(r"[\d.]+", "", client.user_agent)
    _note(person, "api", f"api:{network}:{name}", client)


def _note(person: Person, kind: str, mark: str, client: Client) -> None:
    """Publishes accounts.device_first_seen, and accounts.email_requested unless it is the first of all."""
    now = timezone.now()
    digest = hashlib.sha256(mark.encode()).hexdigest()
    devices = KnownDevice.objects.filter(person_id=person.id)
    if devices.filter(mark=digest).update(last_used_at=now, ip=client.ip):
        return
    is_first = not devices.exists()
    device = KnownDevice.objects.create(
        person=person, mark=digest, user_agent=client.user_agent, ip=client.ip, last_used_at=now
    )
    actor = person_actor(person)
    publish(
        DeviceFirstSeen(
            person_id=person.id,
            device_id=device.id,
            kind=kind,
            is_first=is_first,
        ),
        actor=actor,
        tenant_id=None,
    )
    if not is_first:
        publish(
            EmailRequested(
                template=MAIL, email=person.email, person_id=person.id, subject_id=device.id
            ),
            actor=actor,
            tenant_id=None,
        )


def _token(request: HttpRequest) -> str | None:
    """What the browser's cookie says, if we have signed it."""
    try:
        return signing.Signer(salt=SALT).unsign(request.COOKIES.get(cookie_name(), ""))
    except signing.BadSignature:
        return None


def set_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Give a browser that has just signed in its cookie, or another 400 days of it."""
    token: str | None = getattr(request, "device_token", None)
    if token is None:
        return
    signed = signing.Signer(salt=SALT).sign(token)
    cookie_set(response, cookie_name(), signed, max_age_s=LIFETIME_S)


def prune() -> int:
    """Forget devices that were not used while their cookie lasted; returns how many.

    The latest one of a person stays: else their next sign-in would pass for the first of all.
    """
    deleted = 0
    forgotten_at = timezone.now() - timedelta(seconds=LIFETIME_S)
    later = KnownDevice.objects.filter(
        person_id=OuterRef("person_id"), last_used_at__gt=OuterRef("last_used_at")
    )
    unused = KnownDevice.objects.filter(Exists(later), last_used_at__lte=forgotten_at)
    while True:
        batch = list(unused.values_list("id", flat=True)[:PRUNE_BATCH])
        count, _ = KnownDevice.objects.filter(id__in=batch).delete()
        deleted += count
        if count == 0:
            return deleted
