from django.db import migrations

# One door, for the tables' owner alone: removing what is archived.
GUARD = """
CREATE OR REPLACE FUNCTION public.ledger_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND coalesce(current_setting('app.ledger_door', true), '') = 'archive'
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID)
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'entries of the ledger are not changed or deleted'
        USING ERRCODE = 'insufficient_privilege';
END $$
"""

# Spends, or holds, a list of amounts of one operation at one organization; each by its own key, once. Each statement
# of a volatile function sees what was committed before it began, so that what is read after the lock is true.
#
# Outcomes: posted; known (the key was used before); frozen; insufficient, capped (would be refused in any order);
# undecided (others of the list came first: ask again for it alone).
SPEND = """
CREATE OR REPLACE FUNCTION public.ledger_spend(
    p_kind text, p_organization uuid, p_operation text, p_now timestamptz, p_items jsonb
) RETURNS TABLE (
    place int, outcome text, transaction_id uuid, fingerprint uuid, amount bigint, balance_after bigint, is_low boolean
) LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    wallet CONSTANT uuid := '00000000-0000-0000-0000-000000000001';
    other_side CONSTANT uuid := CASE p_kind WHEN 'hold' THEN '00000000-0000-0000-0000-000000000002'
        ELSE '00000000-0000-0000-0000-000000000005' END;
    today CONSTANT date := (p_now AT TIME ZONE 'UTC')::date;
    above uuid[] := '{}';
    nowhere boolean := false;
    chain uuid[];
    frozen boolean;
BEGIN
    IF p_organization IS NULL THEN
        chain := ARRAY[wallet];
    ELSE
        -- From the organization upwards: its budgets to the first that is hard; the wallet where none is.
        SELECT array_agg(o.id ORDER BY length(o.path) DESC) INTO above
        FROM organizations_organization of
        CROSS JOIN generate_series(4, length(of.path), 4) AS cut
        JOIN organizations_organization o ON o.path = substr(of.path, 1, cut)
        WHERE of.id = p_organization AND of.archived_at IS NULL;
        nowhere := above IS NULL;
        SELECT array_agg(found.account_id ORDER BY found.distance) INTO chain
        FROM (
            SELECT b.account_id, b.is_hard, a.distance,
                count(*) FILTER (WHERE b.is_hard) OVER (ORDER BY a.distance) AS hard_so_far
            FROM unnest(above) WITH ORDINALITY AS a (organization_id, distance)
            JOIN credits_budget b ON b.organization_id = a.organization_id AND b.closed_at IS NULL
        ) found
        WHERE found.hard_so_far = 0 OR found.hard_so_far = 1 AND found.is_hard;
        IF chain IS NULL OR NOT EXISTS (
            SELECT FROM credits_budget b WHERE b.account_id = ANY (chain) AND b.is_hard
        ) THEN
            chain := chain || wallet;
        END IF;
    END IF;

    SELECT bool_or(locked.frozen_at IS NOT NULL) INTO frozen
    FROM (
        SELECT a.frozen_at FROM credits_account a WHERE a.id = ANY (chain) ORDER BY a.id FOR NO KEY UPDATE
    ) locked;
    IF NOT frozen AND NOT wallet = ANY (chain) THEN
        SELECT a.frozen_at IS NOT NULL INTO frozen FROM credits_account a WHERE a.id = wallet;
    END IF;
    IF p_items @? '$[*].member_id' THEN
        PERFORM FROM credits_spendingcap c
        WHERE c.member_id IN (SELECT (i ->> 'member_id')::uuid FROM jsonb_array_elements(p_items) i)
        ORDER BY c.member_id FOR NO KEY UPDATE;
    END IF;

    RETURN QUERY
    WITH item AS MATERIALIZED (
        SELECT i.*, t.id AS known_id, t.fingerprint AS known_fingerprint, t.amount_microcredits AS known_amount,
            t.balance_after_microcredits AS known_balance
        FROM jsonb_to_recordset(p_items) AS i (
            place int, id uuid, key text, fingerprint uuid, amount bigint, member_id uuid, actor_kind text,
            actor_id uuid, details jsonb, expires_at timestamptz
        )
        LEFT JOIN credits_transaction t ON t.idempotency_key = i.key
    ), lot AS MATERIALIZED (
        SELECT l.id, l.account_id, l.grant_id, sum(l.remaining_microcredits) OVER burned AS ends,
            sum(l.remaining_microcredits) OVER burned - l.remaining_microcredits AS starts
        FROM unnest(chain) WITH ORDINALITY AS c (account_id, distance)
        JOIN credits_lot l ON l.account_id = c.account_id
        JOIN credits_grant g ON g.id = l.grant_id
        WHERE NOT frozen AND NOT nowhere AND l.remaining_microcredits > 0 AND g.effective_at <= p_now
            AND (g.expires_at IS NULL OR g.expires_at > p_now) AND g.revoked_at IS NULL
            AND (g.operations = '{}' OR p_operation = ANY (g.operations))
            AND (g.organization_ids = '{}' OR g.organization_ids && above)
        WINDOW burned AS (ORDER BY c.distance, g.priority, g.expires_at NULLS LAST, g.id ROWS UNBOUNDED PRECEDING)
    ), cap AS (
        SELECT c.member_id, greatest(0, c.amount_microcredits - CASE
            WHEN c.period_start = date_trunc(c.period, today)::date THEN c.spent_microcredits ELSE 0 END) AS rest
        FROM credits_spendingcap c WHERE c.member_id IN (SELECT item.member_id FROM item)
    ), asked AS (
        SELECT item.*, cap.rest, coalesce((SELECT max(lot.ends) FROM lot), 0) AS available,
            sum(item.amount) OVER (ORDER BY item.place) AS ends,
            sum(item.amount) OVER (PARTITION BY item.member_id ORDER BY item.place) AS of_member
        FROM item LEFT JOIN cap ON cap.member_id = item.member_id
        WHERE item.known_id IS NULL
    ), posted AS (
        INSERT INTO credits_transaction (id, created_at, kind, amount_microcredits, idempotency_key, fingerprint,
            organization_id, member_id, operation, balance_after_microcredits, actor_kind, actor_id, details)
        SELECT a.id, p_now, p_kind, a.amount, a.key, a.fingerprint, p_organization, a.member_id, p_operation,
            a.available - a.ends, a.actor_kind, a.actor_id, a.details
        FROM asked a WHERE a.ends <= a.available AND (a.rest IS NULL OR a.of_member <= a.rest)
        ORDER BY a.place
        ON CONFLICT (idempotency_key) DO NOTHING
        RETURNING id, amount_microcredits, balance_after_microcredits
    ), span AS (
        SELECT p.id, a.place, a.member_id, a.expires_at, p.amount_microcredits AS amount,
            sum(p.amount_microcredits) OVER (ORDER BY a.place) AS ends,
            sum(p.amount_microcredits) OVER (ORDER BY a.place) - p.amount_microcredits AS starts
        FROM posted p JOIN asked a ON a.id = p.id
    ), take AS MATERIALIZED (
        SELECT s.id AS transaction_id, row_number() OVER (PARTITION BY s.id ORDER BY lot.starts) AS position,
            lot.id AS lot_id, lot.account_id, lot.grant_id,
            least(s.ends, lot.ends) - greatest(s.starts, lot.starts) AS amount
        FROM span s JOIN lot ON lot.starts < s.ends AND s.starts < lot.ends
    ), entered AS (
        INSERT INTO credits_entry
            (transaction_id, position, debited_account_id, credited_account_id, grant_id, amount_microcredits)
        SELECT t.transaction_id, t.position, t.account_id, other_side, t.grant_id, t.amount FROM take t
    ), burned AS (
        UPDATE credits_lot l SET remaining_microcredits = l.remaining_microcredits - t.amount, updated_at = p_now
        FROM (SELECT take.lot_id, sum(take.amount) AS amount FROM take GROUP BY take.lot_id) t
        WHERE l.id = t.lot_id
    ), paid AS (
        UPDATE credits_account a SET balance_microcredits = a.balance_microcredits - t.amount, updated_at = p_now,
            low_at = CASE WHEN a.balance_microcredits - t.amount < a.alert_below_microcredits
                THEN coalesce(a.low_at, p_now) END
        FROM (SELECT take.account_id, sum(take.amount) AS amount FROM take GROUP BY take.account_id) t
        WHERE a.id = t.account_id
        RETURNING a.low_at = p_now AS is_low
    ), counted AS (
        UPDATE credits_spendingcap c SET period_start = date_trunc(c.period, today)::date, updated_at = p_now,
            spent_microcredits = s.amount + CASE
                WHEN c.period_start = date_trunc(c.period, today)::date THEN c.spent_microcredits ELSE 0 END
        FROM (SELECT span.member_id, sum(span.amount) AS amount FROM span GROUP BY span.member_id) s
        WHERE c.member_id = s.member_id
    ), used AS (
        INSERT INTO credits_usageday AS u (id, created_at, updated_at, day, organization_id, member_id, operation,
            used_microcredits, uses)
        SELECT (array_agg(s.id))[1], p_now, p_now, today, p_organization, s.member_id, p_operation, sum(s.amount),
            count(*)
        FROM span s WHERE p_kind = 'debit' GROUP BY s.member_id
        ON CONFLICT (day, organization_id, member_id, operation) DO UPDATE
        SET used_microcredits = u.used_microcredits + EXCLUDED.used_microcredits, uses = u.uses + EXCLUDED.uses,
            updated_at = p_now
    ), held AS (
        INSERT INTO credits_hold (id, created_at, updated_at, amount_microcredits, captured_microcredits,
            released_microcredits, state, expires_at, organization_id, member_id, operation)
        SELECT s.id, p_now, p_now, s.amount, 0, 0, 'open', s.expires_at, p_organization, s.member_id, p_operation
        FROM span s WHERE p_kind = 'hold'
    ), parted AS (
        INSERT INTO credits_holdpart
            (id, created_at, updated_at, hold_id, position, account_id, grant_id, remaining_microcredits)
        SELECT gen_random_uuid(), p_now, p_now, t.transaction_id, t.position, t.account_id, t.grant_id, t.amount
        FROM take t WHERE p_kind = 'hold'
    )
    SELECT item.place,
        CASE
            WHEN item.known_id IS NOT NULL THEN 'known'
            WHEN p.id IS NOT NULL THEN 'posted'
            WHEN nowhere THEN 'nowhere'
            WHEN frozen THEN 'frozen'
            WHEN item.amount > a.available THEN 'insufficient'
            WHEN item.amount > a.rest THEN 'capped'
            ELSE 'undecided'
        END,
        coalesce(item.known_id, p.id), item.known_fingerprint,
        coalesce(item.known_amount, p.amount_microcredits),
        coalesce(item.known_balance, p.balance_after_microcredits, a.available::bigint),
        coalesce((SELECT bool_or(paid.is_low) FROM paid), false)
    FROM item LEFT JOIN asked a ON a.place = item.place LEFT JOIN posted p ON p.id = item.id
    ORDER BY item.place;
END $$
"""

DROP = """
DROP FUNCTION public.ledger_spend(text, uuid, text, timestamptz, jsonb);
DROP FUNCTION public.ledger_guard();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies: list[tuple[str, str]] = []

    operations = [migrations.RunSQL([GUARD, SPEND], DROP)]
