// The list by hand: one round trip to PostgreSQL, with a prepared statement that yields JSON.

import { permissionQuery } from './access.js'

export function pgMembers(pool, { systemRoles, permissions }) {
  const known = new Map()

  // Named and qualified by the schema: with a search_path one shared statement would be planned anew each time.
  function statementsOf(tenant) {
    let found = known.get(tenant.id)
    if (found === undefined) {
      const { id, schema } = tenant
      found = {
        begin: `BEGIN READ ONLY; SET LOCAL role = '${schema}'; SET LOCAL app.tenant_id = '${id}'`,
        may: { name: `may_${schema}`, text: permissionQuery(String.raw, `${schema}.`, '$1', '$2', '$3') },
        page: { name: `members_${schema}`, text: pageStatement(schema) },
      }
      known.set(id, found)
    }
    return found
  }

  // All at once where the permission is known, by pg's pipelining: one round trip.
  async function read(client, statements, personId, permission, after, size) {
    const begun = client.query(statements.begin)
    if (permission === undefined) {
      await begun
      const values = [personId, systemRoles, permissions]
      const { rows } = await client.query({ ...statements.may, values })
      permission = rows.length === 0 ? null : rows[0].sees_members
    }
    if (!permission) {
      await client.query('ROLLBACK')
      return { permission, page: null }
    }
    const [, found] = await Promise.all([
      begun,
      client.query({ ...statements.page, values: [after, size] }),
      client.query('COMMIT'),
    ])
    return { permission, page: found.rows[0] }
  }

  return async (tenant, personId, permission, after, size) => {
    const client = await pool.connect()
    try {
      const found = await read(client, statementsOf(tenant), personId, permission, after, size)
      client.release()
      return found
    } catch (error) {
      // Whatever state the connection is in, nobody else gets it.
      client.release(error)
      throw error
    }
  }
}

const time = (column) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

// One row: the results as JSON, and the id of the last one if more follow.
const pageStatement = (schema) => `
WITH found AS (
  SELECT m.*, row_number() OVER (ORDER BY m.id) AS place
  FROM ${schema}.organizations_member m
  WHERE m.status <> 'removed' AND m.id > $1
  ORDER BY m.id LIMIT $2::int + 1
)
SELECT
  '[' || coalesce(string_agg(row_to_json(shown)::text, ',' ORDER BY shown.id), '') || ']' AS results,
  (SELECT id FROM found WHERE place = $2 AND EXISTS (SELECT FROM found WHERE place > $2)) AS last
FROM (
  SELECT
    m.id, m.person_id, m.email, m.name, m.status,
    (SELECT row_to_json(one) FROM (SELECT o.id, o.name) one) AS organization,
    coalesce((
      SELECT json_agg(one ORDER BY path) FROM (
        SELECT po.id, po.name, po.path FROM ${schema}.organizations_placement p
        JOIN ${schema}.organizations_organization po ON po.id = p.organization_id
        WHERE p.member_id = m.id
      ) placed, LATERAL (SELECT placed.id, placed.name) one
    ), '[]') AS further_organizations,
    coalesce((
      SELECT json_agg(one ORDER BY one.binding_id) FROM (
        SELECT b.id AS binding_id,
          (SELECT row_to_json(x) FROM (SELECT r.id, r.code, r.name) x) AS role,
          (SELECT row_to_json(x) FROM (SELECT bo.id, bo.name) x) AS organization,
          ${time('b.starts_at')} AS starts_at, ${time('b.ends_at')} AS ends_at,
          CASE WHEN b.ends_at <= now() THEN 'ended'
               WHEN b.starts_at > now() THEN 'scheduled' ELSE 'active' END AS state
        FROM ${schema}.organizations_rolebinding b
        JOIN ${schema}.roles_role r ON r.id = b.role_id
        JOIN ${schema}.organizations_organization bo ON bo.id = b.organization_id
        WHERE b.member_id = m.id
      ) one
    ), '[]') AS roles,
    ${time('m.created_at')} AS created_at, ${time('m.updated_at')} AS updated_at
  FROM found m JOIN ${schema}.organizations_organization o ON o.id = m.organization_id
  WHERE m.place <= $2
) shown`
