// The list by hand: one round trip to PostgreSQL, with a prepared statement.

import { permissionQuery } from './access.js'
import * as json from './page_json.js'
import * as rows from './page_rows.js'

export function pgMembers(pool, { systemRoles, permissions, isJsonByDatabase }) {
  const { pageStatement, pageOf } = isJsonByDatabase ? json : rows
  const known = new Map()

  // Named and qualified by the schema: with a search_path one shared statement would be planned anew each time.
  function statementsOf({ id, schema }) {
    let found = known.get(id)
    if (found === undefined) {
      found = {
        begin: `BEGIN READ ONLY; SET LOCAL role = '${schema}'; SET LOCAL app.tenant_id = '${id}'`,
        may: { name: `may_${schema}`, text: permissionQuery(String.raw, `${schema}.`, '$1', '$2', '$3') },
        page: { name: `members_${schema}`, text: pageStatement(schema), rowMode: 'array' },
      }
      known.set(id, found)
    }
    return found
  }

  // All at once where the permission is known, by pg's pipelining.
  async function read(client, statements, personId, permission, after, size) {
    const begun = client.query(statements.begin)
    if (permission === undefined) {
      await begun
      const values = [personId, systemRoles, permissions]
      const found = await client.query({ ...statements.may, values })
      permission = found.rows.length === 0 ? null : found.rows[0].sees_members
    }
    if (!permission) {
      await begun
      await client.query('ROLLBACK')
      return { permission, page: null }
    }
    const [, found] = await Promise.all([
      begun,
      client.query({ ...statements.page, values: [after, size + 1] }),
      client.query('COMMIT'),
    ])
    return { permission, page: pageOf(found.rows, size) }
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
