"""SQL that reads a schema's definition from the catalogue and answers with the statements that rebuild it.

Each query yields rows (phase, sort key, statement), to be run in this order. Run it with the search_path at
the schema that it reads: the pretty form of pg_get_*def leaves out the names of schemas that are on it.
"""

# The relations c of a schema. By what depends on the schema, for which there is an index: one on pg_class by
# schema does not exist, and a scan grows with the number of tenants.
RELATIONS = """
pg_depend n JOIN pg_class c ON c.oid = n.objid
WHERE n.refclassid = 'pg_namespace'::regclass AND n.refobjid = to_regnamespace(%(schema)s)
  AND n.classid = 'pg_class'::regclass
"""
TABLES = f"""
WITH t AS (
    SELECT c.oid, c.relname, quote_ident(c.relname) AS name FROM {RELATIONS} AND c.relkind = 'r'
)
"""  # noqa: S608 - constants
ROWS_PHASE = 2
# What comes after the rows. Constraints and indexes are spelled out so that they keep their names, which
# later migrations refer to.
AFTER_ROWS = """
SELECT CASE con.contype WHEN 'f' THEN 5 ELSE 3 END AS phase, con.conname::text AS sort,
       format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', t.name, con.conname,
              pg_get_constraintdef(con.oid, true)) AS statement
FROM t JOIN pg_constraint con ON con.conrelid = t.oid WHERE con.contype IN ('p', 'u', 'c', 'x', 'f')
UNION ALL
SELECT 4, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid, 0, true)
FROM t JOIN pg_index i ON i.indrelid = t.oid
WHERE NOT EXISTS (SELECT FROM pg_constraint con WHERE con.conrelid = i.indrelid
                  AND con.conindid = i.indexrelid AND con.contype IN ('p', 'u', 'x'))
"""

# Rebuilds a schema of this database, rows and all, in another schema. LIKE copies the columns.
CLONE_SQL = f"""
{TABLES}
SELECT 1 AS phase, t.name AS sort,
       format('CREATE TABLE %%s (LIKE %%s.%%s INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING GENERATED '
              'INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING COMMENTS)', t.name,
              quote_ident(%(schema)s), t.name) AS statement FROM t
UNION ALL
SELECT 2, t.name, format('INSERT INTO %%s OVERRIDING SYSTEM VALUE SELECT * FROM %%s.%%s', t.name,
                         quote_ident(%(schema)s), t.name) FROM t
UNION ALL
{AFTER_ROWS}
UNION ALL
SELECT 6, tg.tgname, pg_get_triggerdef(tg.oid, true)
FROM t JOIN pg_trigger tg ON tg.tgrelid = t.oid WHERE NOT tg.tgisinternal
UNION ALL
SELECT 7, t.name, format('SELECT setval(pg_get_serial_sequence(%%L, %%L), max(%%I)) FROM %%s HAVING '
                         'max(%%I) IS NOT NULL', t.name, a.attname, a.attname, t.name, a.attname)
FROM t JOIN pg_attribute a ON a.attrelid = t.oid WHERE a.attidentity <> ''
ORDER BY 1, 2
"""  # noqa: S608 - constants

# Rebuilds a schema without this database: the columns in full, no rows, and no triggers, as their functions
# are in the public schema.
DUMP_SQL = f"""
{TABLES}, c AS (
    SELECT t.oid, t.name, a.attnum,
           concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
               CASE WHEN a.attcollation <> ty.typcollation
                    THEN (SELECT format('COLLATE %%I.%%I', n.nspname, col.collname)
                          FROM pg_collation col JOIN pg_namespace n ON n.oid = col.collnamespace
                          WHERE col.oid = a.attcollation) END,
               CASE WHEN a.attidentity <> ''
                    THEN (SELECT format('GENERATED %%s AS IDENTITY (START WITH %%s INCREMENT BY %%s '
                                        'MINVALUE %%s MAXVALUE %%s CACHE %%s%%s)',
                                        CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END,
                                        s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
                                        CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END)
                          FROM pg_sequence s WHERE s.seqrelid =
                               pg_get_serial_sequence(t.name, a.attname)::regclass)
                    WHEN a.attgenerated = 's' THEN format('GENERATED ALWAYS AS (%%s) STORED', d.expression)
                    WHEN a.attgenerated = 'v' THEN format('GENERATED ALWAYS AS (%%s) VIRTUAL', d.expression)
                    WHEN a.atthasdef THEN 'DEFAULT ' || d.expression END,
               CASE WHEN a.attnotnull THEN 'NOT NULL' END) AS definition,
           col_description(t.oid, a.attnum) AS comment, quote_ident(a.attname) AS column_name
    FROM t JOIN pg_attribute a ON a.attrelid = t.oid JOIN pg_type ty ON ty.oid = a.atttypid
    LEFT JOIN LATERAL (SELECT pg_get_expr(ad.adbin, ad.adrelid, true) AS expression FROM pg_attrdef ad
                       WHERE ad.adrelid = t.oid AND ad.adnum = a.attnum) d ON true
    WHERE a.attnum > 0 AND NOT a.attisdropped
)
SELECT 1 AS phase, t.name AS sort,
       format('CREATE TABLE %%s (%%s)', t.name,
              (SELECT string_agg(E'\n    ' || c.definition, ',' ORDER BY c.attnum) FROM c WHERE c.oid = t.oid)
              || E'\n') AS statement FROM t
UNION ALL
{AFTER_ROWS}
UNION ALL
SELECT 8, t.name, format('COMMENT ON TABLE %%s IS %%L', t.name, obj_description(t.oid, 'pg_class'))
FROM t WHERE obj_description(t.oid, 'pg_class') IS NOT NULL
UNION ALL
SELECT 8, c.name, format('COMMENT ON COLUMN %%s.%%s IS %%L', c.name, c.column_name, c.comment)
FROM c WHERE c.comment IS NOT NULL
ORDER BY 1, 2
"""  # noqa: S608 - constants

# What both would leave behind: views, functions, partitioned tables, sequences but those of identity columns.
UNCLONABLE_SQL = f"""
SELECT c.relname FROM {RELATIONS}
  AND (c.relkind IN ('v', 'm', 'p', 'f') OR (c.relkind = 'S' AND NOT EXISTS (
       SELECT FROM pg_depend d
       WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')))
UNION ALL
SELECT p.proname FROM pg_depend n JOIN pg_proc p ON p.oid = n.objid
WHERE n.refclassid = 'pg_namespace'::regclass AND n.refobjid = to_regnamespace(%(schema)s)
  AND n.classid = 'pg_proc'::regclass
"""  # noqa: S608 - constants

# Sequences with the column that each belongs to: (sequence, table, column), quoted.
SEQUENCES_SQL = f"""
{TABLES}
SELECT pg_get_serial_sequence(t.name, a.attname), t.name, a.attname
FROM t JOIN pg_attribute a ON a.attrelid = t.oid WHERE a.attidentity <> '' ORDER BY 2, 3
"""  # noqa: S608 - constants

# Tables with the columns that hold data of their own (not computed by PostgreSQL), and whether a row can be
# without: (table, column, is optional), in the columns' order.
COLUMNS_SQL = f"""
{TABLES}
SELECT t.relname, a.attname, NOT a.attnotnull OR a.atthasdef OR a.attidentity <> ''
FROM t JOIN pg_attribute a ON a.attrelid = t.oid
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY t.relname, a.attnum
"""  # noqa: S608 - constants
