// The list as Drizzle's guide has it: a transaction that takes the tenant's role, and a relational query.

import { asc, and, gt, ne, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'

import { permissionQuery } from './access.js'
import * as schema from './tables.js'

export function drizzleMembers(pool, { systemRoles, permissions }) {
  const db = drizzle(pool, { schema })

  const [heldRoles, heldPermissions] = [sql.param(systemRoles), sql.param(permissions)]

  async function mayList(tx, personId) {
    const query = permissionQuery(sql, sql.raw(''), personId, heldRoles, heldPermissions)
    const { rows } = await tx.execute(query)
    return rows.length === 0 ? null : rows[0].sees_members
  }

  return (tenant, personId, known, after, size) =>
    db.transaction(
      async (tx) => {
        await tx.execute(
          sql`SELECT set_config('search_path', ${`${tenant.schema}, public`}, true),
                     set_config('role', ${tenant.schema}, true),
                     set_config('app.tenant_id', ${tenant.id}, true)`,
        )
        const permission = known === undefined ? await mayList(tx, personId) : known
        if (!permission) return { permission, page: null }
        const rows = await tx.query.members.findMany({
          where: and(ne(schema.members.status, 'removed'), gt(schema.members.id, after)),
          orderBy: asc(schema.members.id),
          limit: size + 1,
          with: {
            organization: { columns: { id: true, name: true } },
            placements: {
              columns: {},
              with: { organization: { columns: { id: true, name: true, path: true } } },
            },
            bindings: {
              columns: { id: true, startsAt: true, endsAt: true },
              orderBy: (bindings) => asc(bindings.id),
              with: {
                role: { columns: { id: true, code: true, name: true } },
                organization: { columns: { id: true, name: true } },
              },
            },
          },
        })
        const shown = rows.slice(0, size)
        const last = rows.length > size ? shown.at(-1).id : null
        const now = new Date().toISOString()
        return { permission, page: { last, results: shown.map((row) => present(row, now)) } }
      },
      { accessMode: 'read only' },
    )
}

function present(row, now) {
  return {
    id: row.id,
    person_id: row.personId,
    email: row.email,
    name: row.name,
    status: row.status,
    organization: row.organization,
    further_organizations: row.placements
      .map((placement) => placement.organization)
      .sort((one, other) => (one.path < other.path ? -1 : 1)),
    roles: row.bindings.map((binding) => {
      const startsAt = binding.startsAt && time(binding.startsAt)
      const endsAt = binding.endsAt && time(binding.endsAt)
      return {
        binding_id: binding.id,
        role: binding.role,
        organization: binding.organization,
        starts_at: startsAt,
        ends_at: endsAt,
        state: stateAt(now, startsAt, endsAt),
      }
    }),
    created_at: time(row.createdAt),
    updated_at: time(row.updatedAt),
  }
}

// `2026-11-30 05:26:29.12+00` or, within JSON, with a T and `+00:00`; the platform gives all six digits, or none.
function time(text) {
  const end = text.indexOf('+', 19)
  const fraction = text.slice(20, end)
  const moment = `${text.slice(0, 10)}T${text.slice(11, 19)}`
  return fraction ? `${moment}.${fraction.padEnd(6, '0')}Z` : `${moment}Z`
}

// Times are compared as text, all in UTC.
function stateAt(now, startsAt, endsAt) {
  if (endsAt !== null && endsAt <= now) return 'ended'
  return startsAt !== null && startsAt > now ? 'scheduled' : 'active'
}
