"""How the providers do, and having one asked again."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.breakers import Status
from apps.common.errors import InvalidInput, NotFound
from apps.events.services import publish
from apps.messaging.events import ProviderReset
from apps.messaging.providers import email_providers, providers, sms_providers

MAX_NOTE_CHARS = 500


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """channel: e-mail or SMS. place: 1 for the first that is tried."""

    name: str
    channel: str
    place: int
    status: Status


def providers_status(actor: Actor) -> list[ProviderStatus]:
    """In the order of trying. One round trip to Redis for each. Raises PermissionDenied, redis' errors."""
    require_platform(actor)
    return [
        ProviderStatus(one.name, channel, place, one.breaker.status())
        for channel, found in (("E-mail", email_providers()), ("SMS", sms_providers()))
        for place, one in enumerate(found, 1)
    ]


def provider_reset(*, actor: Actor, name: str, note: str) -> None:
    """Ask it again from now on, whatever it did before.

    Publishes messaging.provider_reset. Raises PermissionDenied, NotFound, InvalidInput without a note.
    """
    require_platform(actor)
    found: Any = {one.name: one for one in providers()}.get(name)
    if found is None:
        raise NotFound(_("No such provider is in use."))
    if not note.strip():
        raise InvalidInput.field("note", _("Say why: others will ask."), "required")
    with transaction.atomic():
        publish(
            ProviderReset(provider=name, note=note.strip()[:MAX_NOTE_CHARS]),
            actor=actor,
            tenant_id=None,
        )
        # Last, so that nothing is reset that is not told of.
        found.breaker.reset()
