// A page of members as JSON by PostgreSQL: the least that the server can do.

const time = (column) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

export const pageStatement = (schema) => `
WITH found AS (
  SELECT * FROM ${schema}.organizations_member
  WHERE status <> 'removed' AND id > $1 ORDER BY id LIMIT $2
), held AS (
  SELECT b.member_id, json_agg(json_build_object(
    'binding_id', b.id,
    'role', json_build_object('id', r.id, 'code', r.code, 'name', r.name),
    'organization', json_build_object('id', o.id, 'name', o.name),
    'starts_at', ${time('b.starts_at')},
    'ends_at', ${time('b.ends_at')},
    'state', CASE WHEN b.ends_at <= now() THEN 'ended'
                  WHEN b.starts_at > now() THEN 'scheduled' ELSE 'active' END) ORDER BY b.id) AS roles
  FROM ${schema}.organizations_rolebinding b
  JOIN ${schema}.roles_role r ON r.id = b.role_id
  JOIN ${schema}.organizations_organization o ON o.id = b.organization_id
  WHERE b.member_id = ANY(ARRAY(SELECT id FROM found)) GROUP BY b.member_id
), placed AS (
  SELECT p.member_id, json_agg(json_build_object('id', o.id, 'name', o.name) ORDER BY o.path) AS further
  FROM ${schema}.organizations_placement p
  JOIN ${schema}.organizations_organization o ON o.id = p.organization_id
  WHERE p.member_id = ANY(ARRAY(SELECT id FROM found)) GROUP BY p.member_id
)
SELECT m.id, json_build_object(
  'id', m.id,
  'person_id', m.person_id,
  'email', m.email,
  'name', m.name,
  'status', m.status,
  'organization', json_build_object('id', o.id, 'name', o.name),
  'further_organizations', coalesce(placed.further, '[]'),
  'roles', coalesce(held.roles, '[]'),
  'created_at', ${time('m.created_at')},
  'updated_at', ${time('m.updated_at')})::text
FROM found m JOIN ${schema}.organizations_organization o ON o.id = m.organization_id
LEFT JOIN held ON held.member_id = m.id LEFT JOIN placed ON placed.member_id = m.id
ORDER BY m.id`

// rows: one more than fit, if more follow.
export function pageOf(rows, size) {
  const shown = rows.slice(0, size).map((row) => row[1])
  return { last: rows.length > size ? rows[size - 1][0] : null, results: `[${shown.join(',')}]` }
}
