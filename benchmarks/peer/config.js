// What the harness (benchmarks/gateway_servers.py) says in the environment.

const VARIANTS = {
  // As Drizzle's and Fastify's guides write it; every request asks the database who may do what.
  drizzle: { isCached: false, query: 'drizzle' },
  // The same; tokens, tenants and permissions are remembered.
  'drizzle-cached': { isCached: true, query: 'drizzle' },
  // Bare pg: one prepared statement a schema, BEGIN, the context and COMMIT in one round trip with it.
  pg: { isCached: true, query: 'pg', isPipelined: true },
  // The same, with JSON by the database: fewer requests a second where that is busy, less to do for the server.
  'pg-json': { isCached: true, query: 'pg', isPipelined: true, isJsonByDatabase: true },
  // The same; an answer is used again while the stamp in Redis is the one from before it was made.
  'pg-stamped': {
    isCached: true,
    query: 'pg',
    isPipelined: true,
    isJsonByDatabase: true,
    isStamped: true,
  },
}

const { env } = process

function given(name) {
  if (!env[name]) throw new Error(`${name} is not set`)
  return env[name]
}

export const config = {
  isPipelined: false,
  isJsonByDatabase: false,
  isStamped: false,
  ...(VARIANTS[given('PEER_VARIANT')] ?? (() => { throw new Error('no such PEER_VARIANT') })()),
  port: Number(given('PEER_PORT')),
  workers: Number(env.PEER_WORKERS ?? 1),
  databaseUrl: given('PEER_DATABASE_URL'),
  poolSize: Number(env.PEER_POOL_SIZE ?? 10),
  redisUrl: given('PEER_REDIS_URL'),
  baseDomain: given('PEER_BASE_DOMAIN'),
  jwtKey: given('PEER_JWT_KEY'),
  jwtIssuer: given('PEER_JWT_ISSUER'),
  jwtAudience: given('PEER_JWT_AUDIENCE'),
  requestsPer15Minutes: Number(given('PEER_REQUESTS_PER_15_MINUTES')),
  systemRoles: given('PEER_SYSTEM_ROLES').split(','),
  permissions: given('PEER_PERMISSIONS').split(','),
}
