// The platform's cursors: base64 of `p=<id of the last one before>`, in links that lead forwards.

import { invalid } from './problems.js'

const POSITION = /^p=([0-9a-f-]{36})$/
const START = '00000000-0000-0000-0000-000000000000'

export function afterOfCursor(cursor) {
  if (cursor === undefined) return START
  const found = POSITION.exec(Buffer.from(cursor, 'base64').toString('latin1'))
  if (found === null) throw invalid('Take the cursor from `next` of a page.')
  return found[1]
}

export function pageUrl(request, last, size) {
  const cursor = encodeURIComponent(Buffer.from(`p=${last}`, 'latin1').toString('base64'))
  return `http://${request.headers.host}/api/v1/members/?cursor=${cursor}&page_size=${size}`
}
