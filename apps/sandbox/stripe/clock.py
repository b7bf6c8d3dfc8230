"""Time: each account has its own, each test clock too. What is due is done in the order of its time."""

import time

import structlog
from django.db import OperationalError, transaction
from django.db.models import QuerySet

from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.models import StripeAccount, StripeObject
from apps.sandbox.stripe.registry import load, registry

log = structlog.get_logger(__name__)
# By its clock, what failed is due again.
AGAIN_AFTER_S = 86_400


def catch_up(account: StripeAccount, until: int, clock: str = "", base: str = "") -> int:
    """Do all that is due; returns how much it was. In a transaction that holds the account's lock."""
    done = 0
    while _do_next(account, until, clock, base):
        done += 1
    return done


def is_due(account: StripeAccount) -> bool:
    return _due(account, account.now, "").exists()


def advance(account_id: str, to: int, *, freeze: bool = False) -> int:
    """Let the account's time pass until `to`; returns how much was due. freeze: it stands still there.

    One transaction for each thing that is due: who is interrupted goes on where that was.
    Raises ValueError for a time that is past.
    """
    load()
    done = 0
    while True:
        with transaction.atomic():
            account = StripeAccount.objects.select_for_update().get(id=account_id)
            if to < account.now:
                raise ValueError("the clock only goes forward")
            if not _do_next(account, to, "", ""):
                account.offset_s = to - int(time.time())
                account.frozen_at = to if freeze or account.frozen_at is not None else None
                account.save(update_fields=["offset_s", "frozen_at"])
                return done
        done += 1


def thaw(account_id: str) -> None:
    """Let the time of an account that stands still run on from there."""
    with transaction.atomic():
        account = StripeAccount.objects.select_for_update().get(id=account_id)
        if account.frozen_at is not None:
            account.offset_s = account.frozen_at - int(time.time())
            account.frozen_at = None
            account.save(update_fields=["offset_s", "frozen_at"])


def run_all() -> int:
    """Do what is due in every account whose time has come."""
    load()
    done = 0
    for account in StripeAccount.objects.all():
        if is_due(account):
            with transaction.atomic():
                locked = StripeAccount.objects.select_for_update().get(id=account.id)
                done += catch_up(locked, locked.now)
    return done


def _due(account: StripeAccount, until: int, clock: str) -> QuerySet[StripeObject]:
    return StripeObject.objects.filter(
        account=account, clock=clock, due_at__lte=until, is_deleted=False
    )


def _do_next(account: StripeAccount, until: int, clock: str, base: str) -> bool:
    row = _due(account, until, clock).order_by("due_at", "id").first()
    if row is None:
        return False
    due_at = int(row.due_at or 0)
    ctx = Context(account, account.api_version, due_at, clock=clock, base=base)
    try:
        with transaction.atomic():
            _do(ctx, row)
    except OperationalError:
        raise
    except Exception:
        # Of a handler, whatever it is: the others of the account go on, and this one is tried again.
        log.exception("sandbox.stripe_due_failed", kind=row.kind, object=row.object_id)
        StripeObject.objects.filter(pk=row.pk).update(due_at=due_at + AGAIN_AFTER_S)
    return True


def _do(ctx: Context, row: StripeObject) -> None:
    before = (row.due_at, row.data.copy())
    registry.due[row.kind](ctx, dict(row.data))
    row.refresh_from_db()
    if (row.due_at, row.data) == before:
        raise RuntimeError(f"{row.object_id} is as due as it was before")
