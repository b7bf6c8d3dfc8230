"""What credits are, told a second time and as simply as can be: what the ledger is held against.

Nothing here is shared with the ledger. Amounts lie in `left[account][grant]`; accounts are names.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass
class ModelGrant:
    number: int
    amount: int
    priority: int
    effective_at: datetime
    expires_at: datetime | None
    operations: tuple[str, ...] = ()
    rollover_cap: int = 0
    is_revoked: bool = False
    is_swept: bool = False

    def is_over(self, now: datetime) -> bool:
        return self.is_revoked or (self.expires_at is not None and self.expires_at <= now)

    def burns_at(self) -> tuple[int, bool, float, int]:
        endless = self.expires_at is None
        at = 0.0 if self.expires_at is None else self.expires_at.timestamp()
        return (self.priority, endless, at, self.number)


@dataclass
class ModelHold:
    expires_at: datetime
    # (account, grant, amount), in the order in which they are captured.
    parts: list[tuple[str, int, int]]
    is_open: bool = True
    captured: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def remaining(self) -> int:
        return sum(amount for _account, _grant, amount in self.parts)


@dataclass
class ModelSpent:
    parts: list[tuple[str, int, int]]
    refunded: int = 0

    @property
    def amount(self) -> int:
        return sum(amount for _account, _grant, amount in self.parts)


class Model:
    """chains: from which accounts is spent at a place, in order."""

    def __init__(self, chains: dict[str, list[str]]) -> None:
        self.chains = chains
        self.grants: dict[int, ModelGrant] = {}
        self.left: dict[tuple[str, int], int] = {}

    def add(self, grant: ModelGrant, account: str = "wallet") -> None:
        self.grants[grant.number] = grant
        self.left[account, grant.number] = grant.amount

    def balance(self, account: str) -> int:
        return sum(amount for (where, _grant), amount in self.left.items() if where == account)

    def usable(self, accounts: list[str], operation: str, now: datetime) -> list[tuple[str, int]]:
        """Lots in the order in which they are burned."""
        found = []
        for account in accounts:
            lots = [
                number
                for (where, number), amount in self.left.items()
                if where == account and amount
            ]
            for number in sorted(lots, key=lambda n: self.grants[n].burns_at()):
                grant = self.grants[number]
                if grant.is_over(now) or grant.effective_at > now:
                    continue
                if grant.operations and operation not in grant.operations:
                    continue
                found.append((account, number))
        return found

    def take(
        self, accounts: list[str], amount: int, operation: str, now: datetime
    ) -> list[tuple[str, int, int]] | None:
        """What makes up the amount; None, and nothing taken, where there is not so much."""
        lots = self.usable(accounts, operation, now)
        if sum(self.left[lot] for lot in lots) < amount:
            return None
        taken = []
        for lot in lots:
            part = min(amount, self.left[lot])
            if part:
                self.left[lot] -= part
                taken.append((*lot, part))
                amount -= part
        return taken

    def put(self, account: str, number: int, amount: int) -> None:
        self.left[account, number] = self.left.get((account, number), 0) + amount

    def release(self, hold: ModelHold, now: datetime) -> int:
        """Give back what is left of it, but for what is over; how much was released."""
        released = hold.remaining
        for account, number, amount in hold.parts:
            if not self.grants[number].is_over(now):
                self.put(account, number, amount)
        hold.parts = []
        hold.is_open = False
        return released

    def capture(self, hold: ModelHold, amount: int) -> ModelSpent:
        used = []
        rest = []
        for account, number, size in hold.parts:
            part = min(amount, size)
            amount -= part
            if part:
                used.append((account, number, part))
            if size - part:
                rest.append((account, number, size - part))
        hold.parts = rest
        hold.is_open = bool(rest)
        return ModelSpent(used)

    def refund(self, spent: ModelSpent, amount: int, now: datetime) -> int:
        """Last taken, first given back. How much comes as a new grant, as what it came from is over."""
        skip = spent.refunded
        spent.refunded += amount
        anew = 0
        for account, number, size in reversed(spent.parts):
            skipped = min(skip, size)
            skip -= skipped
            part = min(amount, size - skipped)
            amount -= part
            if part and self.grants[number].is_over(now):
                anew += part
            elif part:
                self.put(account, number, part)
        return anew

    def drop(self, number: int) -> list[tuple[str, int]]:
        """Take all that is left of a grant from wherever it lies; (account, amount), by account."""
        found = []
        for account, grant in sorted(self.left):
            if grant == number and self.left[account, grant]:
                found.append((account, self.left[account, grant]))
                self.left[account, grant] = 0
        return found

    def to_sweep(self, now: datetime) -> list[ModelGrant]:
        return sorted(
            (
                g
                for g in self.grants.values()
                if g.expires_at is not None and g.expires_at <= now and not g.is_swept
            ),
            key=lambda g: (g.expires_at, g.number),
        )

    def sweep(self, grant: ModelGrant, order: list[str]) -> tuple[int, list[tuple[str, int]]]:
        """End a grant: what is lost, and what rolls over where. order: of the accounts."""
        grant.is_swept = True
        lost = 0
        rolled = []
        cap = grant.rollover_cap
        for account, amount in sorted(self.drop(grant.number), key=lambda one: order.index(one[0])):
            part = min(cap, amount)
            cap -= part
            lost += amount - part
            if part:
                rolled.append((account, part))
        return lost, rolled


def rolled_grant(number: int, grant: ModelGrant, amount: int) -> ModelGrant:
    assert grant.expires_at is not None
    span: timedelta = grant.expires_at - grant.effective_at
    return ModelGrant(
        number, amount, grant.priority, grant.expires_at, grant.expires_at + span, grant.operations
    )
