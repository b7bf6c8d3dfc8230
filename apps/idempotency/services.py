"""The keeper of answers: a request by a key is done once, and answered the same for a day."""

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.api.idempotency import Answer, Call, Once
from apps.common.crypto import decrypt, encrypt
from apps.common.database import system_connection
from apps.common.errors import IdempotencyConflict
from apps.idempotency.errors import IdempotencyInFlight
from apps.idempotency.models import KeptAnswer

KEEP_FOR = timedelta(hours=24)
# Longer than a request may take.
LEASE_FOR = timedelta(seconds=120)
PRUNE_BATCH = 1000
PRUNE_AT_MOST = 200


def answer_once(call: Call, once: Once, run: Callable[[], Answer]) -> Answer:
    """What `run` answers, or what it answered the first time.

    What fails, by an exception or with 400 and above, is not kept: it can be sent again. Three statements
    beside those of `run`; by a lease, five. Takes the advisory lock of the call.
    Raises IdempotencyInFlight, IdempotencyConflict, and what `run` raises.
    """
    if once is Once.BY_LEASE:
        return _by_lease(call, run)
    with ExitStack() as stack:
        if once is Once.WITH_SYSTEMS:
            stack.enter_context(system_connection())
        stack.enter_context(transaction.atomic())
        kept = _kept(call)
        if kept is not None and kept.status is not None:
            return _answer_of(kept, kept.status)
        answer = run()
        if answer.status < 400:
            _save(call, kept, lease_until=None, **_columns(answer))
        return answer


def _by_lease(call: Call, run: Callable[[], Answer]) -> Answer:
    with transaction.atomic():
        kept = _kept(call)
        if kept is not None and kept.status is not None:
            return _answer_of(kept, kept.status)
        lease = _save(call, kept, lease_until=timezone.now() + LEASE_FOR)
    # Whoever took it over after the lease has another one: nothing of theirs is touched.
    own = KeptAnswer.objects.filter(id=lease.id, lease_until=lease.lease_until)
    is_kept = False
    try:
        answer = run()
        if answer.status < 400:
            own.update(lease_until=None, **_columns(answer))
            is_kept = True
    finally:
        if not is_kept:
            own.delete()
    return answer


def _save(call: Call, abandoned: KeptAnswer | None, **columns: object) -> KeptAnswer:
    row = abandoned or KeptAnswer(
        created_at=timezone.now(),
        tenant_id=call.tenant_id,
        caller=call.caller,
        key=call.key,
        fingerprint=call.fingerprint,
    )
    for name, value in columns.items():
        setattr(row, name, value)
    row.save(force_insert=abandoned is None)
    return row


def _kept(call: Call) -> KeptAnswer | None:
    """The row of the call, if it is an answer, or a lease that is over. Two statements.

    Who holds the lock is doing what is asked for, or looks at what was done.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_lock_of(call)])
        if not cursor.fetchone()[0]:
            raise IdempotencyInFlight
    of_tenant = Q(tenant_id=call.tenant_id) if call.tenant_id else Q(tenant_id__isnull=True)
    kept = KeptAnswer.objects.filter(of_tenant, caller=call.caller, key=call.key).first()
    if kept is None:
        return None
    now = timezone.now()
    if kept.created_at <= now - KEEP_FOR:
        kept.delete()
        return None
    if bytes(kept.fingerprint) != call.fingerprint:
        raise IdempotencyConflict
    if kept.lease_until is not None and kept.lease_until > now:
        raise IdempotencyInFlight
    return kept


def _lock_of(call: Call) -> int:
    text = f"idempotency/{call.tenant_id}/{call.caller}/{call.key}"
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _columns(answer: Answer) -> dict[str, object]:
    return {
        "status": answer.status,
        "headers": dict(answer.headers),
        "body_encrypted": encrypt(answer.body) if answer.body else b"",
    }


def _answer_of(kept: KeptAnswer, status: int) -> Answer:
    body = bytes(kept.body_encrypted)
    return Answer(status, kept.headers, decrypt(body) if body else b"")


def kept_answers_prune(*, actor: Actor) -> int:
    """Forget what is older than KEEP_FOR; returns how many. A statement for each PRUNE_BATCH.

    For the system. A run ends well before its time limit; the next one goes on.
    """
    require_platform(actor)
    old = KeptAnswer.objects.filter(created_at__lt=timezone.now() - KEEP_FOR).order_by("created_at")
    removed = 0
    for _batch in range(PRUNE_AT_MOST):
        ids = list(old.values_list("id", flat=True)[:PRUNE_BATCH])
        removed += KeptAnswer.objects.filter(id__in=ids).delete()[0]
        if len(ids) < PRUNE_BATCH:
            break
    return removed
