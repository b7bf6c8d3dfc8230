"""What something would cost, and whether it could be spent: as `ledger_spend` decides it, and without it."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.credits.access import place_for, spender_for
from apps.credits.enums import WALLET_ID
from apps.credits.errors import AccountFrozen, InsufficientCredits, SpendingCapReached
from apps.credits.operations import price

# The chain of accounts, the lots and the cap are those of ledger_spend (apps/ledger), without its locks.
LEFT = """
WITH above AS (
    SELECT o.id, length(o.path) AS depth FROM organizations_organization of
    CROSS JOIN generate_series(4, length(of.path), 4) AS cut
    JOIN organizations_organization o ON o.path = substr(of.path, 1, cut)
    WHERE of.id = %(organization_id)s AND of.archived_at IS NULL
), budget AS (
    SELECT b.account_id, b.is_hard,
        count(*) FILTER (WHERE b.is_hard) OVER (ORDER BY a.depth DESC) AS hard_so_far
    FROM above a JOIN credits_budget b ON b.organization_id = a.id AND b.closed_at IS NULL
), chain AS (
    SELECT account_id FROM budget WHERE hard_so_far = 0 OR hard_so_far = 1 AND is_hard
    UNION ALL
    SELECT %(wallet)s WHERE NOT EXISTS (SELECT FROM budget WHERE is_hard)
)
SELECT
    %(organization_id)s::uuid IS NULL OR EXISTS (SELECT FROM above),
    coalesce((
        SELECT bool_or(a.frozen_at IS NOT NULL) FROM credits_account a
        WHERE a.id = %(wallet)s OR a.id IN (SELECT account_id FROM chain)
    ), false),
    coalesce((
        SELECT sum(l.remaining_microcredits)
        FROM chain JOIN credits_lot l ON l.account_id = chain.account_id
        JOIN credits_grant g ON g.id = l.grant_id
        WHERE l.remaining_microcredits > 0 AND g.effective_at <= %(now)s AND g.revoked_at IS NULL
            AND (g.expires_at IS NULL OR g.expires_at > %(now)s)
            AND (g.operations = '{}' OR %(operation)s = ANY (g.operations))
            AND (g.organization_ids = '{}' OR g.organization_ids && ARRAY(SELECT id FROM above))
    ), 0),
    (
        SELECT greatest(0, c.amount_microcredits - CASE
            WHEN c.period_start = date_trunc(c.period, %(today)s::date)::date THEN c.spent_microcredits
            ELSE 0 END)
        FROM credits_spendingcap c WHERE c.member_id = %(member_id)s
    )
"""


@dataclass(frozen=True, slots=True)
class Estimate:
    """available_microcredits: what could be spent on it there. cap_left_microcredits: None without a cap.

    refusal: the code of the error that spending it now would raise; empty: it could be spent.
    """

    operation: str
    quantity: int
    organization_id: uuid.UUID | None
    member_id: uuid.UUID | None
    amount_microcredits: int
    rate_version: int
    available_microcredits: int
    cap_left_microcredits: int | None
    refusal: str

    @property
    def can_spend(self) -> bool:
        return not self.refusal


def estimate(
    *,
    actor: Actor,
    operation: str,
    quantity: int,
    organization_id: uuid.UUID | None = None,
    member_id: uuid.UUID | None = None,
) -> Estimate:
    """What a quantity costs now, and whether credits_debit would let it through. Reads only, locks nothing.

    One statement; further ones as for a debit (place_for, spender_for).
    Raises PermissionDenied, NotFound, InvalidInput.
    """
    now = timezone.now()
    priced = price(operation, quantity, now)
    spender = spender_for(actor, member_id)
    place = place_for(actor, organization_id)
    exists, is_frozen, available, cap_left = _left(operation, place, spender, now)
    if not exists:
        raise NotFound(_("There is no such organization, or it is archived."))
    amount, refusal = priced.amount_microcredits, ""
    if is_frozen:
        refusal = AccountFrozen.code
    elif amount > available:
        refusal = InsufficientCredits.code
    elif cap_left is not None and amount > cap_left:
        refusal = SpendingCapReached.code
    return Estimate(
        operation=operation,
        quantity=quantity,
        organization_id=place,
        member_id=spender,
        amount_microcredits=amount,
        rate_version=priced.rate_version,
        available_microcredits=available,
        cap_left_microcredits=cap_left,
        refusal=refusal,
    )


def _left(
    operation: str, organization_id: uuid.UUID | None, member_id: uuid.UUID | None, now: datetime
) -> tuple[bool, bool, int, int | None]:
    """(it exists, it is frozen, available, left of the member's cap)."""
    with connection.cursor() as cursor:
        cursor.execute(
            LEFT,
            {
                "wallet": WALLET_ID,
                "organization_id": organization_id,
                "member_id": member_id,
                "operation": operation,
                "now": now,
                "today": now.date(),
            },
        )
        exists, is_frozen, available, cap_left = cursor.fetchone()
    return exists, is_frozen, int(available), cap_left
