"""Tables of tenants that differ from the template's, though they have the same migrations."""

from collections.abc import Iterator

from apps.tenants import schemas
from apps.tenants.drift.finding import Finding, rows
from apps.tenants.drift.roles import SCHEMAS_SQL

# A table as text: columns, constraints, indexes and triggers, without the name of its schema, by which names
# are qualified that are not on the search_path.
DIFFERENT_SQL = f"""
WITH s AS ({SCHEMAS_SQL}), t AS (
    SELECT c.oid, n.nspname AS schema, c.relname AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND (n.nspname = %(template)s OR n.nspname IN (SELECT name FROM s))
), part AS (
    SELECT t.oid, format('%%s %%s %%s %%s %%s', a.attname, format_type(a.atttypid, a.atttypmod),
               a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid, true)) AS text
    FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    UNION ALL
    SELECT t.oid, con.conname || ' ' || pg_get_constraintdef(con.oid, true)
    FROM t JOIN pg_constraint con ON con.conrelid = t.oid WHERE con.contype IN ('p', 'u', 'c', 'x', 'f')
    UNION ALL
    SELECT t.oid, pg_get_indexdef(i.indexrelid, 0, true) || i.indisvalid
    FROM t JOIN pg_index i ON i.indrelid = t.oid
    UNION ALL
    SELECT t.oid, pg_get_triggerdef(g.oid, true)
    FROM t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
), shape AS MATERIALIZED (
    SELECT schema, name, md5(string_agg(text, E'\n' ORDER BY text COLLATE "C")) AS hash
    FROM (SELECT t.schema, t.name, replace(part.text, t.schema || '.', '') AS text
          FROM t LEFT JOIN part ON part.oid = t.oid) plain
    GROUP BY schema, name
)
SELECT s.name, n.name,
       CASE WHEN mine.name IS NULL THEN 'is missing'
            WHEN wanted.name IS NULL THEN 'is not one of the template''s'
            ELSE 'is not like the template''s' END
FROM s CROSS JOIN (SELECT DISTINCT name FROM shape) n
LEFT JOIN shape mine ON mine.schema = s.name AND mine.name = n.name
LEFT JOIN shape wanted ON wanted.schema = %(template)s AND wanted.name = n.name
WHERE (mine.name IS NOT NULL OR wanted.name IS NOT NULL) AND mine.hash IS DISTINCT FROM wanted.hash
  AND s.name <> ALL (%(outdated)s)
ORDER BY 1, 2
"""  # noqa: S608 - constants
# Those with a list of migrations; of the others DIFFERENT_SQL says that it is missing.
COUNTED_SQL = f"""
SELECT name FROM ({SCHEMAS_SQL}) s
WHERE to_regclass(format('%I.django_migrations', name)) IS NOT NULL ORDER BY 1
"""  # noqa: S608 - constants


def find() -> Iterator[Finding]:
    if not schemas.schemas_existing([schemas.TEMPLATE]):
        yield Finding(
            "template_missing", schemas.TEMPLATE, "there is no template: run migrate_tenants"
        )
        return
    outdated = schemas.schemas_outdated([name for (name,) in rows(COUNTED_SQL)])
    for name in outdated:
        yield Finding("outdated", name, "lacks migrations of this release: run migrate_tenants")
    parameters = {"template": schemas.TEMPLATE, "outdated": outdated}
    for schema, table, wrong in rows(DIFFERENT_SQL, parameters):
        yield Finding("table", schema, f"{table} {wrong}; somebody has to compare them")
