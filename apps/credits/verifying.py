"""Whether everything that is kept is what the entries add up to. Reads only; one moment for all of it."""

from dataclasses import dataclass

from django.db import connection, transaction

LIMIT = 1000

# Each finds rows (what, id, kept, computed) where the two differ.
CHECKS = {
    "balance of an account": """
        SELECT a.id::text, a.balance_microcredits, coalesce(e.sum, 0)
        FROM credits_account a LEFT JOIN (
            SELECT account_id, sum(amount) AS sum FROM moved GROUP BY account_id
        ) e ON e.account_id = a.id
        WHERE a.kind IN ('wallet', 'budget') AND a.balance_microcredits <> coalesce(e.sum, 0)
    """,
    "lot of a grant": """
        SELECT coalesce(l.account_id, e.account_id) || ' ' || coalesce(l.grant_id, e.grant_id),
            coalesce(l.remaining_microcredits, 0), coalesce(e.sum, 0)
        FROM credits_lot l FULL JOIN (
            SELECT m.account_id, m.grant_id, sum(m.amount) AS sum FROM moved m
            JOIN credits_account a ON a.id = m.account_id AND a.kind IN ('wallet', 'budget')
            GROUP BY m.account_id, m.grant_id
        ) e ON e.account_id = l.account_id AND e.grant_id = l.grant_id
        WHERE coalesce(l.remaining_microcredits, 0) <> coalesce(e.sum, 0)
    """,
    "grant": """
        SELECT g.id::text, g.amount_microcredits, coalesce(e.sum, 0)
        FROM credits_grant g LEFT JOIN (
            SELECT f.grant_id, sum(f.amount) AS sum FROM flow f
            JOIN credits_account a ON a.id = f.debited_id AND a.kind IN ('grants', 'sales', 'adjustments')
            WHERE f.kind IN ('grant', 'rollover', 'refund') GROUP BY f.grant_id
        ) e ON e.grant_id = g.id
        WHERE g.amount_microcredits <> coalesce(e.sum, 0)
    """,
    "parts of open holds": """
        SELECT coalesce(h.grant_id, e.grant_id)::text, coalesce(h.sum, 0), coalesce(e.sum, 0)
        FROM (
            SELECT grant_id, sum(remaining_microcredits) AS sum FROM credits_holdpart GROUP BY grant_id
        ) h FULL JOIN (
            SELECT m.grant_id, sum(m.amount) AS sum FROM moved m
            JOIN credits_account a ON a.id = m.account_id AND a.kind = 'held' GROUP BY m.grant_id
        ) e ON e.grant_id = h.grant_id
        WHERE coalesce(h.sum, 0) <> coalesce(e.sum, 0)
    """,
    "hold": """
        SELECT h.id::text, h.amount_microcredits - h.captured_microcredits - h.released_microcredits,
            coalesce(p.sum, 0)
        FROM credits_hold h LEFT JOIN (
            SELECT hold_id, sum(remaining_microcredits) AS sum FROM credits_holdpart GROUP BY hold_id
        ) p ON p.hold_id = h.id
        WHERE h.amount_microcredits - h.captured_microcredits - h.released_microcredits <> coalesce(p.sum, 0)
    """,
    "transaction": """
        SELECT t.id::text, t.amount_microcredits, coalesce(e.sum, 0)
        FROM credits_transaction t LEFT JOIN (
            SELECT e.transaction_id, sum(e.amount_microcredits) AS sum FROM credits_entry e
            JOIN credits_transaction t ON t.id = e.transaction_id
            JOIN credits_account f ON f.id = e.debited_account_id
            WHERE NOT (t.kind = 'rollover' AND f.kind = 'grants')
                AND NOT (t.kind = 'refund' AND f.kind = 'adjustments')
            GROUP BY e.transaction_id
        ) e ON e.transaction_id = t.id
        WHERE t.amount_microcredits <> coalesce(e.sum, 0)
    """,
    "usage of a day": """
        SELECT concat_ws(' ', coalesce(d.day, t.day), coalesce(d.organization_id, t.organization_id),
                coalesce(d.member_id, t.member_id), coalesce(d.operation, t.operation)),
            coalesce(d.used_microcredits, 0), coalesce(t.sum, 0)
        FROM credits_usageday d FULL JOIN (
            SELECT (created_at AT TIME ZONE 'UTC')::date AS day, organization_id, member_id, operation,
                sum(CASE WHEN kind = 'refund' THEN -amount_microcredits ELSE amount_microcredits END) AS sum
            FROM credits_transaction WHERE kind IN ('debit', 'capture', 'refund')
            GROUP BY 1, 2, 3, 4
        ) t ON t.day = d.day AND t.organization_id IS NOT DISTINCT FROM d.organization_id
            AND t.member_id IS NOT DISTINCT FROM d.member_id AND t.operation = d.operation
        WHERE coalesce(d.used_microcredits, 0) <> coalesce(t.sum, 0)
            AND coalesce(d.day, t.day) > coalesce(
                (SELECT (max(last_at) AT TIME ZONE 'UTC')::date FROM credits_archive), '-infinity')
    """,
}
# Every entry, and the sums of those that are in archives; and what each account gains by them.
MOVED = """
WITH flow AS (
    SELECT t.kind, e.debited_account_id AS debited_id, e.credited_account_id AS credited_id, e.grant_id,
        e.amount_microcredits AS amount
    FROM credits_entry e JOIN credits_transaction t ON t.id = e.transaction_id
    UNION ALL
    SELECT kind, debited_account_id, credited_account_id, grant_id, amount_microcredits
    FROM credits_carriedentry
), moved AS (
    SELECT credited_id AS account_id, grant_id, amount FROM flow
    UNION ALL
    SELECT debited_id, grant_id, -amount FROM flow
)
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """kept: what the row says; computed: what the entries say."""

    what: str
    id: str
    kept: int
    computed: int


def differences() -> list[Difference]:
    """Everything in the entered tenant that is not what the entries say; at most LIMIT of each kind.

    One transaction that sees one moment (REPEATABLE READ), and locks nothing. Not within another.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return found_differences()


def found_differences() -> list[Difference]:
    """The same within the transaction that there is."""
    found = []
    with connection.cursor() as cursor:
        for what, statement in CHECKS.items():
            cursor.execute(f"{MOVED} {statement} ORDER BY 1 LIMIT {LIMIT}")
            found += [
                Difference(what, str(id_), int(kept), int(computed))
                for id_, kept, computed in cursor.fetchall()
            ]
    return found
