// The list by Drizzle: a transaction that takes the tenant's role, and a query by its builder.

import { and, asc, eq, gt, ne, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'

import { permissionQuery } from './access.js'
import { bindings, members, organizations, placements, roles } from './tables.js'
import { stateAt, time } from './times.js'

// What hangs on a member comes as JSON within the row: half the time of a relational query, whose SQL Drizzle
// writes anew for each request.
const PAGE = {
  id: members.id,
  person_id: members.personId,
  email: members.email,
  name: members.name,
  status: members.status,
  organization: { id: organizations.id, name: organizations.name },
  further_organizations: sql`(
    SELECT coalesce(json_agg(json_build_object('id', o.id, 'name', o.name) ORDER BY o.path), '[]')
    FROM ${placements} p JOIN ${organizations} o ON o.id = p.organization_id
    WHERE p.member_id = ${members.id})`,
  roles: sql`(
    SELECT coalesce(json_agg(json_build_object(
      'binding_id', b.id,
      'role', json_build_object('id', r.id, 'code', r.code, 'name', r.name),
      'organization', json_build_object('id', o.id, 'name', o.name),
      'starts_at', b.starts_at, 'ends_at', b.ends_at) ORDER BY b.id), '[]')
    FROM ${bindings} b JOIN ${roles} r ON r.id = b.role_id
    JOIN ${organizations} o ON o.id = b.organization_id
    WHERE b.member_id = ${members.id})`,
  created_at: members.createdAt,
  updated_at: members.updatedAt,
}

export function drizzleMembers(pool, { systemRoles, permissions }) {
  const db = drizzle(pool)

  const [heldRoles, heldPermissions] = [sql.param(systemRoles), sql.param(permissions)]

  async function mayList(tx, personId) {
    const query = permissionQuery(sql, sql.raw(''), personId, heldRoles, heldPermissions)
    const { rows } = await tx.execute(query)
    return rows.length === 0 ? null : rows[0].sees_members
  }

  return (tenant, personId, known, after, size) =>
    db.transaction(
      async (tx) => {
        // Its name was checked when it was read.
        await tx.execute(
          sql.raw(
            `SET LOCAL search_path = ${tenant.schema}, public; SET LOCAL role = '${tenant.schema}'; ` +
              `SET LOCAL app.tenant_id = '${tenant.id}'`,
          ),
        )
        const permission = known === undefined ? await mayList(tx, personId) : known
        if (!permission) return { permission, page: null }
        const rows = await tx
          .select(PAGE)
          .from(members)
          .innerJoin(organizations, eq(organizations.id, members.organizationId))
          .where(and(ne(members.status, 'removed'), gt(members.id, sql.placeholder('after'))))
          .orderBy(asc(members.id))
          .limit(sql.placeholder('limit'))
          // By a name of its own, so that PostgreSQL need not plan it anew when it has served another tenant.
          .prepare(`members_${tenant.schema}`)
          .execute({ after, limit: size + 1 })
        const shown = rows.slice(0, size)
        const last = rows.length > size ? shown.at(-1).id : null
        const now = new Date().toISOString()
        return { permission, page: { last, results: shown.map((row) => present(row, now)) } }
      },
      { accessMode: 'read only' },
    )
}

function present(row, now) {
  for (const role of row.roles) {
    role.starts_at &&= time(role.starts_at)
    role.ends_at &&= time(role.ends_at)
    role.state = stateAt(now, role.starts_at, role.ends_at)
  }
  row.created_at = time(row.created_at)
  row.updated_at = time(row.updated_at)
  return row
}
