"""A chain: whose it is, and where its entries are. The audit app knows the tenants' tables."""

import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from apps.common.actors import ActorKind
from apps.common.database import system_connection
from apps.common.ids import uuid7
from apps.common.tenancy import TenantRef, tenant_context
from apps.trail.canonical import SALT_BYTES, content_hash, what_digest, who_digest
from apps.trail.models import AbstractEntry, PlatformEntry

PLATFORM = "platform"
# First key of the advisory locks of chains; the second is the table's. Spells "tral".
LOCK = 0x7472_616C
# What opens the door of the trigger that guards entries; only the tables' owner can go through.
DOOR = "app.trail_door"


@dataclass(frozen=True, slots=True)
class Chain:
    """tenant: None for the platform's own."""

    model: type[AbstractEntry]
    tenant: TenantRef | None = None

    @property
    def tenant_id(self) -> uuid.UUID | None:
        return self.tenant.id if self.tenant else None

    @property
    def id(self) -> str:
        """Is hashed with each entry, so that none can be moved to another chain."""
        return str(self.tenant.id) if self.tenant else PLATFORM

    @property
    def name(self) -> str:
        """For people."""
        return self.tenant.slug if self.tenant else PLATFORM

    @contextmanager
    def as_system(self) -> Iterator[None]:
        """In the chain's tenant, as the owner of its tables."""
        with tenant_context(self.tenant), system_connection():
            yield

    def lock_key(self) -> tuple[int, int]:
        """Held alone by what removes entries or parts of them, shared by who checks the chain."""
        table = self.model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::regclass::oid::int", [table])
            # The trigger's own lock is the one of LOCK.
            return LOCK + 1, cursor.fetchone()[0]


PLATFORM_CHAIN = Chain(PlatformEntry)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What is to be recorded. what: texts, whole numbers, truth values and objects of these."""

    occurred_at: datetime
    action: str
    actor_kind: ActorKind
    actor_label: str
    target_type: str
    targets: tuple[str, ...]
    what: dict[str, Any]
    event_id: uuid.UUID = field(default_factory=uuid7)
    actor_id: uuid.UUID | None = None
    request_id: str = ""
    address: str = ""
    agent: str = ""


def entries_append(chain: Chain, new: Iterable[NewEntry]) -> None:
    """Append to the chain, in the caller's transaction, in which its tenant is entered. One INSERT.

    The trigger takes the chain's lock, which is held until the transaction ends: one writer after the
    other. An event that is recorded already is left out.
    """
    with transaction.atomic():
        chain.model._default_manager.bulk_create(entry_new(chain, one) for one in new)


def entry_new(chain: Chain, new: NewEntry) -> AbstractEntry:
    salts = os.urandom(2 * SALT_BYTES)
    who_salt, what_salt = salts[:SALT_BYTES], salts[SALT_BYTES:]
    entry = chain.model(
        event_id=new.event_id,
        occurred_at=new.occurred_at,
        action=new.action,
        actor_kind=new.actor_kind,
        actor_id=new.actor_id,
        target_type=new.target_type,
        targets=list(new.targets),
        request_id=new.request_id,
        actor_label=new.actor_label,
        address=new.address,
        agent=new.agent,
        who_salt=who_salt,
        who_digest=who_digest(who_salt, new.actor_label, new.address, new.agent),
        what=new.what,
        what_salt=what_salt,
        what_digest=what_digest(what_salt, new.what),
    )
    entry.content_hash = content_hash(chain.id, entry)
    return entry
