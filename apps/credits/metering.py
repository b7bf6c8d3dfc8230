"""`with meter(...)`: for product code that knows what something costs only when it is done."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.actors import Actor
from apps.common.errors import IdempotencyConflict, InvalidInput, PlatformError
from apps.common.ids import uuid7
from apps.credits.errors import HoldClosed
from apps.credits.fingerprints import MAX_KEY_LENGTH, require_key
from apps.credits.models import Transaction
from apps.credits.operations import MAX_QUANTITY, Price, price
from apps.credits.services import Spent, credits_debit, credits_hold, hold_capture, hold_release
from apps.credits.services.spending import MAX_TTL_S

# Of what is above the estimate.
EXCESS = ":excess"


@dataclass(slots=True)
class Meter:
    """quantity: used so far. is_charged: it was paid for by the same key before; nothing is charged again."""

    quantity: int = 0
    is_charged: bool = False

    def use(self, quantity: int) -> None:
        """So much more was used. Raises InvalidInput for what is no whole number above 0."""
        if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
            raise InvalidInput.field("quantity", _("Give a whole number from 1."))
        if self.quantity + quantity > MAX_QUANTITY:
            raise InvalidInput.field("quantity", _("This is more than can be spent at once."))
        self.quantity += quantity


@contextmanager
def meter(
    operation: str,
    *,
    actor: Actor,
    idempotency_key: str,
    organization_id: uuid.UUID | None = None,
    member_id: uuid.UUID | None = None,
    estimate: int | None = None,
    ttl_s: int = 900,
    details: Mapping[str, object] | None = None,
) -> Iterator[Meter]:
    """Pay for what the block says that it used, once by the key, all of it as one use of the operation.

    estimate: a quantity whose price is held first, so that what is begun can be paid for; ttl_s: at most so
    long. At the end what was used is captured and the rest released; what is above the estimate is a debit
    of its own, and where there is not enough for that, the estimate is paid and the error raised. An
    exception in the block releases it. A process that dies leaves a hold that expires, and whoever repeats
    the work by the same key holds anew, and is charged once.
    Without an estimate: a debit at the end. Not within a transaction: the hold is to be seen by others.
    Raises what credits_hold, credits_debit and hold_capture raise.
    """
    require_key(idempotency_key)
    if len(idempotency_key) > MAX_KEY_LENGTH - len(EXCESS):
        raise InvalidInput.field("idempotency_key", _("This key is too long to be metered by."))
    if not 1 <= ttl_s <= MAX_TTL_S:
        raise InvalidInput.field("ttl_s", _("Give 1 to %(max)s seconds.") % {"max": MAX_TTL_S})
    metered = Meter(is_charged=Transaction.objects.filter(idempotency_key=idempotency_key).exists())
    if metered.is_charged:
        yield metered
        return
    charge = _Charge(actor, operation, idempotency_key, organization_id, member_id, details)
    if estimate is not None:
        charge.hold(estimate, ttl_s)
    try:
        yield metered
    except BaseException:
        charge.release()
        raise
    charge.settle(metered.quantity)


@dataclass(slots=True)
class _Charge:
    actor: Actor
    operation: str
    key: str
    organization_id: uuid.UUID | None
    member_id: uuid.UUID | None
    details: Mapping[str, object] | None
    held: Spent | None = None

    def hold(self, quantity: int, ttl_s: int) -> None:
        self.held = credits_hold(
            actor=self.actor,
            operation=self.operation,
            # Of this attempt: one that was released cannot be used again.
            idempotency_key=f"meter:{uuid7()}",
            quantity=quantity,
            organization_id=self.organization_id,
            member_id=self.member_id,
            ttl_s=ttl_s,
            details=self.details,
        )

    def release(self) -> None:
        if self.held is None:
            return
        hold_id = self.held.transaction_id
        with suppress(HoldClosed):  # its time is over: then it goes back by itself
            hold_release(actor=self.actor, hold_id=hold_id, idempotency_key=f"release:{hold_id}")

    def settle(self, quantity: int) -> None:
        if not quantity:
            self.release()
        elif self.held is None:
            self._debit(self.key, quantity=quantity)
        else:
            self._capture(self.held, price(self.operation, quantity, timezone.now()))

    def _capture(self, held: Spent, priced: Price) -> None:
        used = priced.amount_microcredits
        within = min(used, held.amount_microcredits)
        # First, so that whoever repeats it after a crash between the two pays for both.
        refusal = self._debit_excess(used - within) if used > within else None
        try:
            hold_capture(
                actor=self.actor,
                hold_id=held.transaction_id,
                idempotency_key=self.key,
                amount_microcredits=within,
                is_final=True,
            )
        except IdempotencyConflict:
            # Somebody who did the same work by the same key was first, and paid for it.
            self.release()
        except HoldClosed:
            # It took longer than ttl_s.
            self._debit(self.key, amount_microcredits=within)
        if refusal is not None:
            raise refusal

    def _debit_excess(self, amount: int) -> PlatformError | None:
        """Why it could not be spent. What an attempt before paid as excess stays."""
        try:
            self._debit(f"{self.key}{EXCESS}", amount_microcredits=amount)
        except IdempotencyConflict:
            return None
        except PlatformError as error:
            return error
        return None

    def _debit(
        self, key: str, *, quantity: int | None = None, amount_microcredits: int | None = None
    ) -> None:
        credits_debit(
            actor=self.actor,
            operation=self.operation,
            idempotency_key=key,
            quantity=quantity,
            amount_microcredits=amount_microcredits,
            organization_id=self.organization_id,
            member_id=self.member_id,
            details=self.details,
        )
