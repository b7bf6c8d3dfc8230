from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from apps.audit.chains import chain_of
from apps.common.actors import ActorKind
from apps.common.tenancy import tenant_context
from apps.tenants.models import Tenant
from apps.trail.chains import Chain, NewEntry, entries_append
from tests.api.client import api, bearer

__all__ = ["api", "bearer"]


def new_entry(number: int = 0, **values: Any) -> NewEntry:
    return NewEntry(
        **{
            "occurred_at": datetime(2026, 3, 1, 12, 0, number % 60, number, tzinfo=UTC),
            "action": "organizations.member_joined",
            "actor_kind": ActorKind.PERSON,
            "actor_label": "alice@acme.test",
            "target_type": "member",
            "targets": (f"member-{number}",),
            "what": {"data": {"number": number, "email": "ümläut@acme.test"}},
            "address": "203.0.113.7",
            "agent": "curl/8",
            **values,
        }
    )


@pytest.fixture
def chain(acme: Tenant) -> Chain:
    """acme's, with nothing in it yet."""
    return chain_of(acme)


@pytest.fixture
def fill(chain: Chain) -> Callable[[int], None]:
    def make(count: int) -> None:
        with tenant_context(chain.tenant):
            entries_append(chain, [new_entry(number) for number in range(count)])

    return make


@contextmanager
def superuser(chain: Chain) -> Iterator[Any]:
    """A cursor past all triggers: what somebody with the database's own rights could do."""
    with chain.as_system(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor
        cursor.execute("SET LOCAL session_replication_role = origin")
