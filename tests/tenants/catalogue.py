"""What a schema consists of, to be compared with another's."""

from django.db import connection

# Columns, constraints and indexes of a schema, without the schema's name.
CATALOGUE_SQL = """
SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod) || a.attnotnull::text
       || a.attidentity::text || coalesce(pg_get_expr(d.adbin, d.adrelid, true), '')
       || coalesce(col.collname, '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_collation col ON col.oid = a.attcollation
WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind = 'r' AND a.attnum > 0
      AND NOT a.attisdropped
UNION ALL
SELECT 'constraint', c.relname, con.conname, pg_get_constraintdef(con.oid, true)
       || con.condeferrable::text || con.condeferred::text || con.convalidated::text
FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid
WHERE con.connamespace = %(schema)s::regnamespace AND con.contype <> 'n'
UNION ALL
SELECT 'index', tablename, indexname, replace(indexdef, %(schema)s || '.', '')
FROM pg_indexes WHERE schemaname = %(schema)s
UNION ALL
SELECT 'sequence', '', sequencename, increment_by::text FROM pg_sequences
WHERE schemaname = %(schema)s
UNION ALL
SELECT 'comment', c.relname, '', obj_description(c.oid, 'pg_class')
FROM pg_class c WHERE c.relnamespace = %(schema)s::regnamespace
AND obj_description(c.oid, 'pg_class') IS NOT NULL
ORDER BY 1, 2, 3
"""


def catalogue(schema: str) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('search_path', %s, false)", [schema])
        cursor.execute(CATALOGUE_SQL, {"schema": schema})
        rows = cursor.fetchall()
    connection.search_path_set_schemas = None
    return rows


def migrations(schema: str) -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT app, name FROM "{schema}".django_migrations')
        return set(cursor.fetchall())
