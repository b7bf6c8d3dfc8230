// What the list reads of the platform's tables, for Drizzle. The search_path says whose they are.

import { pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'

// As text: Date has no microseconds.
const time = (name) => timestamp(name, { withTimezone: true, mode: 'string' })

export const organizations = pgTable('organizations_organization', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  path: text('path').notNull(),
})

export const members = pgTable('organizations_member', {
  id: uuid('id').primaryKey(),
  personId: uuid('person_id').notNull(),
  email: text('email').notNull(),
  name: text('name').notNull(),
  status: text('status').notNull(),
  organizationId: uuid('organization_id').notNull(),
  createdAt: time('created_at').notNull(),
  updatedAt: time('updated_at').notNull(),
})

export const placements = pgTable('organizations_placement', {
  id: uuid('id').primaryKey(),
  memberId: uuid('member_id').notNull(),
  organizationId: uuid('organization_id').notNull(),
})

export const roles = pgTable('roles_role', {
  id: uuid('id').primaryKey(),
  code: text('code').notNull(),
  name: text('name').notNull(),
})

export const bindings = pgTable('organizations_rolebinding', {
  id: uuid('id').primaryKey(),
  memberId: uuid('member_id'),
  roleId: uuid('role_id').notNull(),
  organizationId: uuid('organization_id').notNull(),
  startsAt: time('starts_at'),
  endsAt: time('ends_at'),
})
