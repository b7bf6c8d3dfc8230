"""Authorization epochs: whether what a process remembers of somebody's rights is still so.

The database is the truth. Redis holds a random value, the epoch, for each person, each membership, each
tenant and for the signing keys. Who remembers something read the epochs first, and compares them at each
use. Who changes rights calls `change` in the same transaction: from before the commit until after it the
epoch is CHANGING, so that everybody reads the database and remembers nothing; then it is gone, and the
next reader makes a new one. A process that dies between leaves CHANGING behind, which expires.
"""

import secrets
import uuid
from collections.abc import Iterable

from django.core.cache import caches
from django.db import transaction

from apps.common.live import judge_again

CHANGING = "changing"
# Longer than a transaction that changes rights takes.
CHANGING_S = 60
EPOCH_S = 24 * 3600

SIGNING_KEYS = "epoch:signing-keys"


def of_person(person_id: uuid.UUID) -> str:
    """Of the account: active, profile, sign-ins by API."""
    return f"epoch:person:{person_id}"


def of_membership(tenant_id: uuid.UUID, person_id: uuid.UUID) -> str:
    """Of a person in a tenant: membership, status, roles held."""
    return f"epoch:member:{tenant_id}:{person_id}"


def of_tenant(tenant_id: uuid.UUID) -> str:
    """Of what all members share: what roles allow, the tree that they are held in."""
    return f"epoch:tenant:{tenant_id}"


def read(*keys: str) -> dict[str, str]:
    """The epochs by key. One round trip; one more and one a key when some are new.

    Raises redis.exceptions.ConnectionError, TimeoutError.
    """
    cache = caches["global"]
    found: dict[str, str] = cache.get_many(keys)
    if len(found) < len(keys):
        for key in keys:
            if key not in found:
                cache.add(key, secrets.token_hex(8), EPOCH_S)
        found = cache.get_many(keys)
    return {key: found.get(key, CHANGING) for key in keys}


def change(*keys: str) -> None:
    """Make every process read the database again, from now on and after the commit.

    Call it in the transaction that changes rights, before or after the change. Without Redis the change
    fails too, rather than being ignored for a while. Raises redis.exceptions.ConnectionError,
    TimeoutError, and TransactionManagementError outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("epochs change with what they are about")
    cache = caches["global"]
    cache.set_many(dict.fromkeys(keys, CHANGING), CHANGING_S)
    # Robust: what was committed stays so; CHANGING expires by itself.
    transaction.on_commit(lambda: cache.delete_many(keys), robust=True)
    transaction.on_commit(lambda: _judge_listeners(keys), robust=True)


def _judge_listeners(keys: Iterable[str]) -> None:
    """Whoever hears live updates of what may not be theirs any more, does so until now."""
    for key in keys:
        match key.split(":"):
            case ["epoch", "person", person_id]:
                judge_again(person_id=uuid.UUID(person_id))
            case ["epoch", "member", tenant_id, person_id]:
                judge_again(tenant_id=uuid.UUID(tenant_id), person_id=uuid.UUID(person_id))
            case ["epoch", "tenant", tenant_id]:
                judge_again(tenant_id=uuid.UUID(tenant_id))
