// Times as the platform writes them, made of PostgreSQL's text: Date has no microseconds.

// `2026-11-30 05:26:29.12+00` or, within JSON, with a T and `+00:00`. The platform gives six digits, or none.
export function time(text) {
  const end = text.indexOf('+', 19)
  const fraction = text.slice(20, end)
  const moment = `${text.slice(0, 10)}T${text.slice(11, 19)}`
  return fraction ? `${moment}.${fraction.padEnd(6, '0')}Z` : `${moment}Z`
}

// Times are compared as text, all in UTC.
export function stateAt(now, startsAt, endsAt) {
  if (endsAt !== null && endsAt <= now) return 'ended'
  return startsAt !== null && startsAt > now ? 'scheduled' : 'active'
}
