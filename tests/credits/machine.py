"""The ledger and the model do the same, step by step, and are compared after each (hypothesis, stateful)."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from apps.common.errors import Conflict, InvalidInput
from apps.credits.burning import lots_in_order, take, usable
from apps.credits.enums import WALLET_ID, GrantSource, TransactionKind
from apps.credits.errors import HoldClosed, InsufficientCredits
from apps.credits.fingerprints import fingerprint
from apps.credits.models import Account, Grant, HoldPart, Lot
from apps.credits.posting import Move, lock_accounts, post
from apps.credits.services import (
    credits_adjust,
    credits_debit,
    credits_hold,
    credits_refund,
    grant_create,
    grant_revoke,
    grants_expire,
    hold_capture,
    hold_release,
    holds_expire,
)
from apps.organizations.selectors import root_organization
from tests.credits.model import Model, ModelGrant, ModelHold, ModelSpent, rolled_grant
from tests.credits.support import SUMMARIZE, SYSTEM, TRANSLATE, assert_sound, branch, budget_account

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
AMOUNTS = st.integers(1, 120)
PLACES = st.sampled_from(["nobody", "sales", "west", "north"])
OPERATIONS = st.sampled_from([SUMMARIZE, TRANSLATE])
# Sales has a hard budget, West below it a soft one; North a soft one below the root.
CHAINS = {
    "nobody": ["wallet"],
    "sales": ["sales"],
    "west": ["west", "sales"],
    "north": ["north", "wallet"],
}
CLOCK: dict[str, datetime] = {"now": START}


class LedgerMachine(RuleBasedStateMachine):
    holds = Bundle("holds")
    spent = Bundle("spent")

    def __init__(self) -> None:
        super().__init__()
        CLOCK["now"] = START
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        sales = branch(root_organization(), "Sales")
        west = branch(sales, "West")
        north = branch(root_organization(), "North")
        self.place_ids = {"nobody": None, "sales": sales.id, "west": west.id, "north": north.id}
        self.account_ids = {
            "wallet": WALLET_ID,
            "sales": budget_account(sales, is_hard=True),
            "west": budget_account(west, is_hard=False),
            "north": budget_account(north, is_hard=False),
        }
        self.names = {id_: name for name, id_ in self.account_ids.items()}
        self.by_id = sorted(self.account_ids, key=lambda name: self.account_ids[name])
        self.model = Model(CHAINS)
        self.grant_ids: dict[int, uuid.UUID] = {}
        self.open_holds: list[ModelHold] = []

    def teardown(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert_sound()
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @property
    def now(self) -> datetime:
        return CLOCK["now"]

    def _number(self, grant_id: uuid.UUID) -> int:
        number = len(self.grant_ids)
        self.grant_ids[number] = grant_id
        return number

    @rule(
        amount=AMOUNTS,
        priority=st.sampled_from([10, 50]),
        starts_h=st.sampled_from([0, 0, 0, 5]),
        lasts_h=st.sampled_from([None, 10, 30, 100]),
        narrow=st.booleans(),
        rolls=st.sampled_from([0, 0, 20]),
    )
    def grant(
        self,
        amount: int,
        priority: int,
        starts_h: int,
        lasts_h: int | None,
        narrow: bool,
        rolls: int,
    ) -> None:
        effective = self.now + timedelta(hours=starts_h)
        expires = effective + timedelta(hours=lasts_h) if lasts_h else None
        operations = (TRANSLATE,) if narrow else ()
        cap = rolls if expires else 0
        one = grant_create(
            actor=SYSTEM,
            source=GrantSource.PROMOTION,
            amount_microcredits=amount,
            reference=uuid.uuid4().hex,
            priority=priority,
            effective_at=effective,
            expires_at=expires,
            operations=operations,
            rollover_cap_microcredits=cap,
        )
        number = self._number(one.id)
        self.model.add(ModelGrant(number, amount, priority, effective, expires, operations, cap))

    @rule(hours=st.sampled_from([1, 3, 11, 40]))
    def time_passes(self, hours: int) -> None:
        CLOCK["now"] += timedelta(hours=hours)

    @rule()
    def grants_end(self) -> None:
        due = self.model.to_sweep(self.now)
        assert grants_expire() == len(due)
        for grant in due:
            _lost, rolled = self.model.sweep(grant, self.by_id)
            if rolled:
                found = Grant.objects.get(rolled_from_id=self.grant_ids[grant.number])
                next_ = rolled_grant(
                    self._number(found.id), grant, sum(amount for _account, amount in rolled)
                )
                self.model.grants[next_.number] = next_
                for account, amount in rolled:
                    self.model.put(account, next_.number, amount)

    @rule(target=spent, place=PLACES, operation=OPERATIONS, amount=AMOUNTS)
    def debit(self, place: str, operation: str, amount: int) -> Any:
        taken = self.model.take(CHAINS[place], amount, operation, self.now)
        try:
            done = credits_debit(**self._asked(place, operation, amount))
        except InsufficientCredits:
            assert taken is None
            return multiple()
        assert taken is not None
        assert done.balance_after_microcredits == self._spendable(place, operation)
        return done.transaction_id, ModelSpent(taken)

    @rule(
        target=holds,
        place=PLACES,
        operation=OPERATIONS,
        amount=AMOUNTS,
        hours=st.sampled_from([1, 5, 24]),
    )
    def hold(self, place: str, operation: str, amount: int, hours: int) -> Any:
        taken = self.model.take(CHAINS[place], amount, operation, self.now)
        try:
            done = credits_hold(**self._asked(place, operation, amount), ttl_s=hours * 3600)
        except InsufficientCredits:
            assert taken is None
            return multiple()
        assert taken is not None
        hold = ModelHold(self.now + timedelta(hours=hours), taken)
        self.open_holds.append(hold)
        return done.transaction_id, hold

    @rule(target=spent, held=holds, amount=AMOUNTS, is_final=st.booleans())
    def capture(self, held: tuple[uuid.UUID, ModelHold], amount: int, is_final: bool) -> Any:
        hold_id, hold = held
        try:
            done = hold_capture(
                actor=SYSTEM,
                hold_id=hold_id,
                amount_microcredits=amount,
                is_final=is_final,
                idempotency_key=uuid.uuid4().hex,
            )
        except HoldClosed:
            assert not hold.is_open or hold.expires_at <= self.now
            return multiple()
        except InvalidInput:
            assert amount > hold.remaining
            return multiple()
        used = self.model.capture(hold, amount)
        if is_final:
            self.model.release(hold, self.now)
        return done.id, used

    @rule(held=holds)
    def release(self, held: tuple[uuid.UUID, ModelHold]) -> None:
        hold_id, hold = held
        try:
            done = hold_release(actor=SYSTEM, hold_id=hold_id, idempotency_key=uuid.uuid4().hex)
        except HoldClosed:
            assert not hold.is_open or hold.expires_at <= self.now
            return
        assert done.amount_microcredits == self.model.release(hold, self.now)

    @rule()
    def holds_end(self) -> None:
        due = [one for one in self.open_holds if one.is_open and one.expires_at <= self.now]
        assert holds_expire() == len(due)
        for hold in due:
            self.model.release(hold, self.now)

    @rule(done=spent, amount=st.one_of(st.none(), AMOUNTS))
    def refund(self, done: tuple[uuid.UUID, ModelSpent], amount: int | None) -> None:
        transaction_id, spent = done
        left = spent.amount - spent.refunded
        try:
            credits_refund(
                actor=SYSTEM,
                transaction_id=transaction_id,
                amount_microcredits=amount,
                idempotency_key=uuid.uuid4().hex,
                reason="It failed",
            )
        except Conflict:
            assert left == 0
            return
        except InvalidInput:
            assert amount is not None
            assert amount > left
            return
        size = left if amount is None else amount
        if anew := self.model.refund(spent, size, self.now):
            found = Grant.objects.filter(source=GrantSource.REFUND).order_by("-id")[0]
            number = self._number(found.id)
            end = self.now + timedelta(days=30)
            self.model.add(ModelGrant(number, anew, 50, self.now, end))

    @rule(
        source=st.sampled_from(["wallet", "sales", "west", "north"]),
        target_=st.sampled_from(["wallet", "sales", "west", "north"]),
        amount=AMOUNTS,
    )
    def reallocate(self, source: str, target_: str, amount: int) -> None:
        if source == target_:
            return
        taken = self.model.take([source], amount, SUMMARIZE, self.now)
        found = take(self._lots(source), amount)
        if taken is None:
            assert sum(part for _lot, part in found) < amount
            return
        for _account, number, part in taken:
            self.model.put(target_, number, part)
        ids = self.account_ids[source], self.account_ids[target_]
        lock_accounts(ids)
        post(
            actor=SYSTEM,
            kind=TransactionKind.ALLOCATION,
            moves=[Move(*ids, lot.grant_id, part) for lot, part in found],
            idempotency_key=uuid.uuid4().hex,
            fingerprint=fingerprint("reallocation"),
            balance_after=0,
        )

    def _lots(self, account: str) -> list[Lot]:
        lots = lots_in_order([self.account_ids[account]]).filter(usable(self.now))
        return list(lots.filter(grant__operations=[]))

    @rule(amount=AMOUNTS)
    def staff_take(self, amount: int) -> None:
        usable_ = self.model.usable(["wallet"], TRANSLATE, self.now)
        enough = sum(self.model.left[lot] for lot in usable_) >= amount
        try:
            credits_adjust(
                actor=SYSTEM,
                amount_microcredits=-amount,
                reason="Too much",
                idempotency_key=uuid.uuid4().hex,
            )
        except InsufficientCredits:
            assert not enough
            return
        assert enough
        self.model.take(["wallet"], amount, TRANSLATE, self.now)

    @rule(pick=st.integers(0, 50))
    def revoke(self, pick: int) -> None:
        if not self.grant_ids or pick % 4:
            return
        number = pick % len(self.grant_ids)
        left = grant_revoke(actor=SYSTEM, grant_id=self.grant_ids[number], reason="Paid back")
        assert left == sum(amount for _account, amount in self.model.drop(number))
        self.model.grants[number].is_revoked = True

    @invariant()
    def they_are_the_same(self) -> None:
        numbers = {id_: number for number, id_ in self.grant_ids.items()}
        lots = {
            (self.names[lot.account_id], numbers[lot.grant_id]): lot.remaining_microcredits
            for lot in Lot.objects.all()
            if lot.remaining_microcredits
        }
        assert lots == {lot: amount for lot, amount in self.model.left.items() if amount}
        for account in Account.objects.filter(id__in=self.names):
            assert account.balance_microcredits == self.model.balance(self.names[account.id])
        held = sum(HoldPart.objects.values_list("remaining_microcredits", flat=True))
        assert held == sum(one.remaining for one in self.open_holds)

    def _spendable(self, place: str, operation: str) -> int:
        lots = self.model.usable(CHAINS[place], operation, self.now)
        return sum(self.model.left[lot] for lot in lots)

    def _asked(self, place: str, operation: str, amount: int) -> dict[str, Any]:
        return {
            "actor": SYSTEM,
            "operation": operation,
            "amount_microcredits": amount,
            "organization_id": self.place_ids[place],
            "idempotency_key": uuid.uuid4().hex,
        }
