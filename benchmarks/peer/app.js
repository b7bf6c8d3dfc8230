// GET /api/v1/members/: the first pages of the platform's members list, byte for byte the same results.

import Fastify from 'fastify'
import pg from 'pg'

import { tenants, verifier } from './access.js'
import { Limiter } from './limiter.js'
import { drizzleMembers } from './members_drizzle.js'
import { pgMembers } from './members_pg.js'
import { answerProblem, notFound, permissionDenied, rateLimited } from './problems.js'
import { afterOfCursor, pageUrl } from './paging.js'
import { Remembered } from './remembered.js'
import { PAGE, QUERY } from './schemas.js'

const MEMBERS = { drizzle: drizzleMembers, pg: pgMembers }
const JSON_TYPE = 'application/json'

// Text as PostgreSQL writes it: Date has no microseconds.
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text) => text)

export function build(config) {
  const app = Fastify({ ajv: { customOptions: { removeAdditional: false } } })
  const pool = new pg.Pool({
    connectionString: config.databaseUrl,
    max: config.poolSize,
    pipeline: config.isPipelined,
  })
  const limiter = new Limiter(config)
  const tenantOf = tenants(pool, config)
  const claimsOf = verifier(config)
  const mayList = new Remembered(config.isCached)
  const answers = new Remembered(config.isStamped)
  const list = MEMBERS[config.query](pool, config)

  app.decorateRequest('caller', null)
  app.setErrorHandler(answerProblem)
  app.setNotFoundHandler((request, reply) => answerProblem(notFound(), request, reply))
  app.addHook('onClose', async () => {
    limiter.close()
    await pool.end()
  })

  app.addHook('onRequest', async (request, reply) => {
    const personId = claimsOf(request).sub
    const found = tenantOf(request)
    const tenant = found instanceof Promise ? await found : found
    const [admitted, remaining, afterS, stamp] = await limiter.admit(request.ip, tenant.id, personId)
    reply.header('ratelimit-limit', limiter.limit).header('ratelimit-remaining', remaining)
    if (!admitted) throw rateLimited(afterS)
    request.caller = { personId, tenant, stamp }
  })

  app.get(
    '/api/v1/members/',
    { schema: { querystring: QUERY, response: { 200: PAGE } } },
    async (request, reply) => {
      const { personId, tenant, stamp } = request.caller
      const answerKey = `${tenant.id}:${personId}:${request.headers.host}${request.url}`
      const known = answers.get(answerKey)
      if (known !== undefined && known.stamp === stamp) return reply.type(JSON_TYPE).send(known.body)

      const after = afterOfCursor(request.query.cursor)
      const size = request.query.page_size
      const callerKey = `${tenant.id}:${personId}`
      const { permission, page } = await list(tenant, personId, mayList.get(callerKey), after, size)
      mayList.set(callerKey, permission)
      // Of who is no active member, nothing is known here.
      if (permission === null) throw notFound()
      if (!permission) throw permissionDenied()
      const next = page.last === null ? null : pageUrl(request, page.last, size)
      if (typeof page.results !== 'string') return { next, previous: null, results: page.results }
      // JSON by the database: nothing is left to be serialized.
      const body = Buffer.from(
        `{"next":${JSON.stringify(next)},"previous":null,"results":${page.results}}`,
      )
      answers.set(answerKey, { stamp, body })
      return reply.type(JSON_TYPE).send(body)
    },
  )
  return app
}
