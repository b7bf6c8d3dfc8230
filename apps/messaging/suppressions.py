"""The list of addresses that nothing is sent to: asked before each message, kept by providers and staff."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.events.services import publish
from apps.messaging.addresses import digest, hint
from apps.messaging.enums import Channel, SuppressionReason
from apps.messaging.events import AddressSuppressed, SuppressionLifted
from apps.messaging.models import Suppression

MAX_NOTE_CHARS = 500


@system_connection()
def suppressed(channel: Channel, addresses: Iterable[str]) -> dict[str, str]:
    """Of those that nothing is sent to, the reason, by the address as given. One statement, or none.

    What is no address at all is left to the provider to refuse.
    """
    digests: dict[bytes, list[str]] = {}
    for address in addresses:
        try:
            digests.setdefault(digest(channel, address), []).append(address)
        except ValueError:
            continue
    if not digests:
        return {}
    found = Suppression.objects.filter(
        channel=channel, digest__in=list(digests), lifted_at=None
    ).values_list("digest", "reason")
    return {address: reason for one, reason in found for address in digests[bytes(one)]}


def suppressions_for(actor: Actor, *, address: str = "") -> QuerySet[Suppression]:
    """Those in force, the newest first; address: of that one only. Raises PermissionDenied."""
    require_platform(actor)
    rows = Suppression.objects.filter(lifted_at=None).order_by("-since", "-id")
    return rows.filter(digest__in=digests_of(address)) if address else rows


def digests_of(address: str) -> list[bytes]:
    """Under which a text is kept, on each channel that it can be an address of."""
    found = []
    for channel in Channel:
        try:
            found.append(digest(channel, address))
        except ValueError:
            continue
    return found


def suppression_add(*, actor: Actor, channel: Channel, address: str, note: str) -> Suppression:
    """Staff's word that nothing is sent there.

    Publishes messaging.address_suppressed.
    Raises PermissionDenied, InvalidInput, Conflict where it is on the list already.
    """
    require_platform(actor)
    checked = _note(note)
    try:
        digest(channel, address)
    except ValueError as error:
        raise InvalidInput.field("address", _("Enter one whole address.")) from error
    added = suppress(
        actor=actor,
        channel=channel,
        address=address,
        reason=SuppressionReason.MANUAL,
        provider="",
        since=timezone.now(),
        note=checked,
    )
    if added is None:
        raise Conflict(_("This address is on the list already."))
    return added


@transaction.atomic
def suppression_lift(*, actor: Actor, suppression_id: uuid.UUID, note: str) -> Suppression:
    """Let the address be written to again. A provider may have a list of its own: lift it there too.

    Locks the row. Publishes messaging.suppression_lifted.
    Raises PermissionDenied, InvalidInput without a note, NotFound, Conflict where it is lifted already.
    """
    require_platform(actor)
    checked = _note(note)
    found = Suppression.objects.select_for_update().filter(id=suppression_id).first()
    if found is None:
        raise NotFound
    if found.lifted_at is not None:
        raise Conflict(_("This address may be written to already."))
    return _lift(found, actor, provider="", note=checked)


@transaction.atomic
def suppress(
    *,
    actor: Actor,
    channel: Channel,
    address: str,
    reason: SuppressionReason,
    provider: str,
    since: datetime,
    note: str = "",
) -> Suppression | None:
    """Send nothing there from now on; None where that was so already, or was lifted later than `since`.

    Locks the row. Publishes messaging.address_suppressed. Raises ValueError for what is no address.
    """
    key = digest(channel, address)
    values = {
        "hint": hint(channel, address),
        "reason": reason,
        "provider": provider,
        "since": since,
        "note": note,
    }
    row, is_new = Suppression.objects.select_for_update().get_or_create(
        channel=channel, digest=key, defaults=values
    )
    if not is_new:
        if row.lifted_at is None or since < row.lifted_at:
            return None
        for name, value in values.items():
            setattr(row, name, value)
        row.lifted_at = None
        row.save()
    publish(
        AddressSuppressed(
            suppression_id=row.id, channel=channel, reason=reason, provider=provider, note=note
        ),
        actor=actor,
        tenant_id=None,
    )
    return row


@transaction.atomic
def suppression_end(
    *, actor: Actor, channel: Channel, address: str, provider: str
) -> Suppression | None:
    """Whose address it is takes their own word back (START); what others said of it stays.

    Locks the row. Publishes messaging.suppression_lifted. Raises ValueError for what is no address.
    """
    row = (
        Suppression.objects.select_for_update()
        .filter(
            channel=channel,
            digest=digest(channel, address),
            reason=SuppressionReason.UNSUBSCRIBED,
            lifted_at=None,
        )
        .first()
    )
    return _lift(row, actor, provider=provider, note="") if row else None


def _lift(row: Suppression, actor: Actor, *, provider: str, note: str) -> Suppression:
    row.lifted_at = timezone.now()
    row.save(update_fields=["lifted_at", "updated_at"])
    publish(
        SuppressionLifted(suppression_id=row.id, channel=row.channel, provider=provider, note=note),
        actor=actor,
        tenant_id=None,
    )
    return row


def _note(note: str) -> str:
    text = note.strip()
    if not text:
        raise InvalidInput.field("note", _("Say why: others will ask."), "required")
    if len(text) > MAX_NOTE_CHARS:
        raise InvalidInput.field("note", _("Use at most 500 characters."))
    return text
