// A page of members as rows of plain columns and short arrays: the least that PostgreSQL can do.

import { stateAt, time } from './times.js'

const NONE = []

export const pageStatement = (schema) => `
WITH found AS (
  SELECT * FROM ${schema}.organizations_member
  WHERE status <> 'removed' AND id > $1 ORDER BY id LIMIT $2
), held AS (
  SELECT b.member_id, json_agg(json_build_array(
    b.id, r.id, r.code, r.name, o.id, o.name, b.starts_at, b.ends_at) ORDER BY b.id) AS roles
  FROM ${schema}.organizations_rolebinding b
  JOIN ${schema}.roles_role r ON r.id = b.role_id
  JOIN ${schema}.organizations_organization o ON o.id = b.organization_id
  WHERE b.member_id = ANY(ARRAY(SELECT id FROM found)) GROUP BY b.member_id
), placed AS (
  SELECT p.member_id, json_agg(json_build_array(o.id, o.name) ORDER BY o.path) AS further
  FROM ${schema}.organizations_placement p
  JOIN ${schema}.organizations_organization o ON o.id = p.organization_id
  WHERE p.member_id = ANY(ARRAY(SELECT id FROM found)) GROUP BY p.member_id
)
SELECT m.id, m.person_id, m.email, m.name, m.status, o.id, o.name, placed.further, held.roles,
  m.created_at, m.updated_at
FROM found m JOIN ${schema}.organizations_organization o ON o.id = m.organization_id
LEFT JOIN held ON held.member_id = m.id LEFT JOIN placed ON placed.member_id = m.id
ORDER BY m.id`

// rows: one more than fit, if more follow.
export function pageOf(rows, size) {
  const now = new Date().toISOString()
  return {
    last: rows.length > size ? rows[size - 1][0] : null,
    results: rows.slice(0, size).map((row) => present(row, now)),
  }
}

function present(row, now) {
  const [id, person_id, email, name, status, placeId, place, further, held, made, changed] = row
  return {
    id,
    person_id,
    email,
    name,
    status,
    organization: { id: placeId, name: place },
    further_organizations: further === null ? NONE : further.map(organizationOf),
    roles: held === null ? NONE : held.map((binding) => roleOf(binding, now)),
    created_at: time(made),
    updated_at: time(changed),
  }
}

const organizationOf = ([id, name]) => ({ id, name })

function roleOf([binding_id, id, code, name, placeId, place, starts, ends], now) {
  const starts_at = starts && time(starts)
  const ends_at = ends && time(ends)
  return {
    binding_id,
    role: { id, code, name },
    organization: { id: placeId, name: place },
    starts_at,
    ends_at,
    state: stateAt(now, starts_at, ends_at),
  }
}
