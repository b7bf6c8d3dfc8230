// The rate limit, and the stamp of the data, in one round trip to Redis.

import { Redis } from 'ioredis'

const WINDOW_US = 15 * 60 * 1_000_000

// GCRA: a key holds the theoretical arrival time of the next request, in microseconds. KEYS: those that count,
// then the stamp. ARGV: what a request costs, and the window, both in microseconds. All count, or none does.
const ADMIT = `
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local cost, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local known = redis.call('MGET', unpack(KEYS))
local remaining, wait = math.huge, 0
local due = {}
for i = 1, #KEYS - 1 do
  due[i] = math.max(tonumber(known[i] or 0), now) + cost
  local left = now + window - due[i]
  remaining = math.min(remaining, left)
  wait = math.max(wait, -left)
end
if wait > 0 then
  return {0, 0, math.ceil(wait / 1000000), known[#KEYS]}
end
for i = 1, #KEYS - 1 do
  redis.call('SET', KEYS[i], string.format('%.0f', due[i]), 'PX', math.ceil((due[i] - now) / 1000))
end
return {1, math.floor(remaining / cost), 0, known[#KEYS]}
`

export class Limiter {
  constructor({ redisUrl, requestsPer15Minutes }) {
    // Commands of one turn of the event loop leave in one packet.
    this.redis = new Redis(redisUrl, { enableAutoPipelining: true })
    this.redis.defineCommand('admit', { lua: ADMIT })
    this.limit = String(requestsPer15Minutes)
    this.cost = WINDOW_US / requestsPer15Minutes
  }

  // [admitted, remaining, seconds until the next, stamp]; counted for the address, the tenant and the person.
  admit(ip, tenantId, personId) {
    const member = `${tenantId}:${personId}`
    return this.redis.admit(
      4,
      `peer:limit:ip:${ip}`,
      `peer:limit:tenant:${tenantId}`,
      `peer:limit:member:${member}`,
      `peer:stamp:${tenantId}`,
      this.cost,
      WINDOW_US,
    )
  }

  close() {
    this.redis.disconnect()
  }
}
