// JSON Schemas: what a query may say, and what fast-json-stringify writes answers by.

const text = { type: 'string' }
const textOrNull = { type: 'string', nullable: true }
const object = (properties) => ({ type: 'object', properties, required: Object.keys(properties) })
const organization = object({ id: text, name: text })

const member = object({
  id: text,
  person_id: text,
  email: text,
  name: text,
  status: text,
  organization,
  further_organizations: { type: 'array', items: organization },
  roles: {
    type: 'array',
    items: object({
      binding_id: text,
      role: object({ id: text, code: text, name: text }),
      organization,
      starts_at: textOrNull,
      ends_at: textOrNull,
      state: text,
    }),
  },
  created_at: text,
  updated_at: text,
})

export const QUERY = {
  type: 'object',
  properties: {
    cursor: { type: 'string', maxLength: 300 },
    page_size: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
  },
  additionalProperties: false,
}

export const PAGE = object({
  next: textOrNull,
  previous: textOrNull,
  results: { type: 'array', items: member },
})
