// Which workspace is asked, and whether the caller may see all its members.

import { createVerifier } from 'fast-jwt'

import { notAuthenticated, notFound } from './problems.js'
import { Remembered } from './remembered.js'

const SCHEMA = /^t_[a-z0-9_]{1,60}$/
const FIND_TENANT = {
  name: 'tenant',
  text: 'SELECT id, schema_name, slug, status FROM public.tenants_find($1, $2, NULL)',
}

export function tenants(pool, { isCached, baseDomain }) {
  const remembered = new Remembered(isCached)

  async function load(key, host, slug) {
    const { rows } = await pool.query({ ...FIND_TENANT, values: [host, slug] })
    const found = rows[0]
    if (found === undefined || found.status !== 'ready') throw notFound()
    if (!SCHEMA.test(found.schema_name)) throw new Error(`not a tenant's schema: ${found.schema_name}`)
    return remembered.set(key, { id: found.id, schema: found.schema_name })
  }

  // A tenant, or a promise of it.
  return (request) => {
    const slug = request.headers['x-tenant']
    const host = slug === undefined ? request.hostname : `${slug}.${baseDomain}`
    return remembered.get(host) ?? load(host, host, slug ?? null)
  }
}

export function verifier({ isCached, jwtKey, jwtIssuer, jwtAudience }) {
  const verify = createVerifier({
    key: jwtKey,
    algorithms: ['RS256'],
    checkTyp: 'at+jwt',
    allowedIss: jwtIssuer,
    allowedAud: jwtAudience,
    requiredClaims: ['iss', 'aud', 'sub', 'exp'],
    cache: isCached ? 10_000 : false,
    // The whole token, which needs no hashing.
    cacheKeyBuilder: (token) => token,
  })
  return (request) => {
    const header = request.headers.authorization
    if (header === undefined || !header.startsWith('Bearer ')) throw notAuthenticated()
    try {
      return verify(header.slice(7))
    } catch {
      throw notAuthenticated('token_invalid')
    }
  }
}

// Whether a person is an active member here, and whether a role at the root lets them see members; the role
// may be given to a group that they are in. tag: of a template that makes a query of this and its values.
export const permissionQuery = (tag, prefix, person, systemRoles, permissions) => tag`
SELECT EXISTS (
  SELECT FROM ${prefix}organizations_rolebinding b
  JOIN ${prefix}roles_role r ON r.id = b.role_id
  JOIN ${prefix}organizations_organization o ON o.id = b.organization_id
  WHERE o.depth = 1
    AND (b.starts_at IS NULL OR b.starts_at <= now()) AND (b.ends_at IS NULL OR b.ends_at > now())
    AND (CASE WHEN r.is_system THEN r.code = ANY(${systemRoles}::text[])
         ELSE (r.permissions || r.inherited_permissions)::text[] && ${permissions}::text[]
              OR r.inherited_system_roles::text[] && ${systemRoles}::text[] END)
    AND (b.member_id = m.id OR b.group_id IN (
      SELECT g.group_id FROM ${prefix}organizations_groupmembership g
      LEFT JOIN ${prefix}organizations_directoryuser u ON u.id = g.user_id
      WHERE g.member_id = m.id OR u.member_id = m.id))
) AS sees_members
FROM ${prefix}organizations_member m WHERE m.person_id = ${person} AND m.status = 'active'`
