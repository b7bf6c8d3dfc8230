// Refusals as application/problem+json (RFC 9457).

export class Problem extends Error {
  constructor(status, code, title, headers = {}) {
    super(title)
    Object.assign(this, { status, code, title, headers })
  }
}

export const notAuthenticated = (code = 'not_authenticated') =>
  new Problem(401, code, 'Sign in first', { 'www-authenticate': 'Bearer realm="api"' })
export const permissionDenied = () => new Problem(403, 'permission_denied', 'You may not do this')
export const notFound = () => new Problem(404, 'not_found', 'Not found')
export const rateLimited = (afterS) =>
  new Problem(429, 'rate_limited', 'Too many requests', { 'retry-after': String(afterS) })
export const invalid = (title) => new Problem(400, 'invalid', title)

export function answerProblem(error, request, reply) {
  const known = error instanceof Problem ? error : error.validation ? invalid(error.message) : null
  if (known === null) {
    console.error(error)
    return reply.code(500).type('application/problem+json').send('{"status":500,"code":"server_error"}')
  }
  const { status, code, title, headers } = known
  return reply
    .code(status)
    .headers(headers)
    .type('application/problem+json')
    .send(JSON.stringify({ type: `/api/docs/#error-${code}`, title, status, code, detail: title }))
}
