"""Contents of the database that tests go back to: only tables that changed are written.

A table is known by its number of rows and the sum of their xmin, which no write leaves as it was. Shapes of
tenants' schemas are known by the catalogue's rows about them.
"""

from collections.abc import Callable

from django.db import connection, transaction

from apps.tenants.models import Tenant

# kept: one row for each table of a snapshot; copy is null where the table was empty. shapes: its schemas.
SETUP_SQL = r"""
DROP SCHEMA IF EXISTS snapshots CASCADE;
CREATE SCHEMA snapshots;
CREATE TABLE snapshots.kept (
    snapshot text, relation text, copy text, columns text, stamp text, PRIMARY KEY (snapshot, relation)
);
CREATE TABLE snapshots.shapes (snapshot text, schema_name text, stamp text);

CREATE FUNCTION snapshots.stamp(relation text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
    EXECUTE 'SELECT concat(count(*), '' '', sum(xmin::text::bigint)) FROM ' || relation INTO found;
    RETURN found;
END $$;

CREATE FUNCTION snapshots.shape(name text) RETURNS text LANGUAGE sql AS $$
    WITH relations AS (SELECT oid, xmin FROM pg_class WHERE relnamespace = to_regnamespace(name)),
    parts (part) AS (
        SELECT xmin FROM relations
        UNION ALL SELECT a.xmin FROM pg_attribute a JOIN relations r ON a.attrelid = r.oid
        UNION ALL SELECT t.xmin FROM pg_trigger t JOIN relations r ON t.tgrelid = r.oid
        UNION ALL SELECT c.xmin FROM pg_constraint c JOIN relations r ON c.conrelid = r.oid
        UNION ALL SELECT xmin FROM pg_proc WHERE pronamespace = to_regnamespace(name)
        UNION ALL SELECT xmin FROM pg_namespace WHERE nspname = name
        UNION ALL SELECT xmin FROM pg_authid WHERE rolname = name
        UNION ALL SELECT xmin FROM pg_auth_members WHERE member = to_regrole(name)
    )
    SELECT concat(count(*), ' ', sum(part::text::bigint)) FROM parts
$$;

CREATE FUNCTION snapshots.take(name text, tenants text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    one record;
    found text;
    target text;
BEGIN
    FOR one IN
        SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS relation,
            (SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
                WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') AS columns
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND n.nspname = ANY (ARRAY['public'] || tenants)
    LOOP
        found := snapshots.stamp(one.relation);
        target := NULL;
        IF found NOT LIKE '0 %' THEN
            target := format('snapshots.%I', name || '_' || one.oid);
            EXECUTE format(
                'CREATE UNLOGGED TABLE %s AS SELECT %s FROM %s', target, one.columns, one.relation);
        END IF;
        INSERT INTO snapshots.kept VALUES (name, one.relation, target, one.columns, found);
    END LOOP;
    INSERT INTO snapshots.shapes SELECT name, tenant, snapshots.shape(tenant) FROM unnest(tenants) tenant;
END $$;

CREATE FUNCTION snapshots.restore(name text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    one snapshots.kept;
    relations text;
BEGIN
    IF EXISTS (
        SELECT FROM snapshots.shapes s
        WHERE s.snapshot = name AND snapshots.shape(s.schema_name) <> s.stamp
    ) THEN RETURN false; END IF;
    SELECT string_agg(relation, ', ' ORDER BY relation) INTO relations
        FROM snapshots.kept WHERE snapshot = name;
    -- Whoever still writes ends first, as for a TRUNCATE.
    EXECUTE 'LOCK TABLE ' || relations || ' IN SHARE ROW EXCLUSIVE MODE';
    PERFORM set_config('session_replication_role', 'replica', true);
    FOR one IN SELECT * FROM snapshots.kept WHERE snapshot = name AND snapshots.stamp(relation) <> stamp LOOP
        EXECUTE 'DELETE FROM ' || one.relation;
        IF one.copy IS NOT NULL THEN
            EXECUTE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT * FROM %s',
                one.relation, one.columns, one.copy);
            UPDATE snapshots.kept SET stamp = snapshots.stamp(relation)
            WHERE snapshot = name AND relation = one.relation;
        END IF;
    END LOOP;
    PERFORM set_config('session_replication_role', 'origin', true);
    RETURN true;
END $$;
"""


def prepare() -> None:
    """Forget all snapshots."""
    with connection.cursor() as cursor:
        cursor.execute(SETUP_SQL)


def take(name: str) -> None:
    """Remember the shared tables and those of all tenants as they are committed now."""
    tenants = list(Tenant.objects.values_list("schema_name", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT snapshots.take(%s, %s)", [name, tenants])


@transaction.atomic
def restore(name: str) -> bool:
    """Bring the rows back; False, and nothing done, where a tenant's schema or role is not what it was.

    Waits for everybody who still writes. Triggers and foreign keys are not asked. Sequences go on.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT snapshots.restore(%s)", [name])
        return bool(cursor.fetchone()[0])


def once(name: str, make: Callable[[], object]) -> None:
    """Commit what `make` does; from the second time on, by bringing back the rows that it left."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM snapshots.kept WHERE snapshot = %s)", [name])
        is_taken = cursor.fetchone()[0]
    if is_taken:
        assert restore(name), "a tenant's schema or role was changed before"
    else:
        make()
        take(name)
