"""What a process remembers of the callers of the API, so that it need not ask the database each time.

An entry is good while the epochs are those from before it was read (`epochs`), and for a minute at most:
then even a Redis that lost its last second, or a write past the services, is noticed.
"""

import threading
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db.models import Exists, OuterRef
from django.utils import timezone

from apps.accounts import epochs
from apps.accounts.errors import TokenRevoked
from apps.accounts.models import Person, TenantMembership, TokenSession
from apps.common.actors import Actor
from apps.common.outages import REDIS_OUTAGES
from apps.common.proofs import Proof

log = structlog.get_logger(__name__)

MAX_AGE_S = 60
MAX_ENTRIES = 10_000

PERSON_FIELDS = [field.attname for field in Person._meta.concrete_fields]


@dataclass(slots=True)
class Authorization:
    """A sign-in by API, and what its person may do in the tenant of the request.

    session_tenant_id: the only tenant that the sign-in is good for, or None.
    epochs: those of the request, from before it was read; none while Redis is away.
    actor: filled in by who needs it first.
    """

    session_tenant_id: uuid.UUID | None
    expires_at: datetime
    is_member: bool
    person_values: tuple[Any, ...]
    proof: Proof
    epochs: dict[str, str]
    read_at_s: float
    actor: Actor | None = None

    def person(self) -> Person:
        """The person as an instance of the caller's own, who may change it."""
        return Person.from_db("default", PERSON_FIELDS, self.person_values)


_lock = threading.Lock()
_entries: OrderedDict[tuple[uuid.UUID, uuid.UUID | None], Authorization] = OrderedDict()


def authorization_of(
    *, session_id: uuid.UUID, person_id: uuid.UUID, tenant_id: uuid.UUID | None
) -> Authorization:
    """What a verified token stands for now. One round trip to Redis; one statement unless remembered.

    Raises TokenRevoked.
    """
    keys = [epochs.of_person(person_id), epochs.SIGNING_KEYS]
    if tenant_id is not None:
        keys += [epochs.of_membership(tenant_id, person_id), epochs.of_tenant(tenant_id)]
    try:
        now = epochs.read(*keys)
    except REDIS_OUTAGES as error:
        log.warning("accounts.epochs_unavailable", error=str(error))
        return _read(session_id, person_id, tenant_id, {})
    entry_key = (session_id, tenant_id)
    with _lock:
        known = _entries.get(entry_key)
    if (
        known is not None
        and known.epochs == now
        and time.monotonic() - known.read_at_s < MAX_AGE_S
        and known.expires_at > timezone.now()
    ):
        return known
    found = _read(session_id, person_id, tenant_id, now)
    if epochs.CHANGING not in now.values():
        with _lock:
            _entries[entry_key] = found
            if len(_entries) > MAX_ENTRIES:
                _entries.popitem(last=False)
    return found


def _read(
    session_id: uuid.UUID,
    person_id: uuid.UUID,
    tenant_id: uuid.UUID | None,
    epochs_before: dict[str, str],
) -> Authorization:
    membership: Any = TenantMembership.objects.filter(person_id=OuterRef("person_id"))
    membership = membership.filter(tenant=tenant_id) if tenant_id else membership.none()
    session = (
        TokenSession.objects.select_related("person")
        .annotate(is_member=Exists(membership))
        .filter(id=session_id, person_id=person_id, revoked_at=None, expires_at__gt=timezone.now())
        .first()
    )
    if session is None or not session.person.is_active:
        raise TokenRevoked
    return Authorization(
        session_tenant_id=session.tenant_id,
        expires_at=session.expires_at,
        is_member=session.is_member,
        person_values=tuple(getattr(session.person, name) for name in PERSON_FIELDS),
        proof=Proof(
            frozenset(session.methods),
            session.proved_at.timestamp() if session.proved_at else 0.0,
        ),
        epochs=epochs_before,
        read_at_s=time.monotonic(),
    )
