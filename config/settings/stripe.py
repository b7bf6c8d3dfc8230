"""Stripe: the key, where its API is, the secrets of webhooks. Without a key nothing is billed."""

from config.settings.environment import env

STRIPE_SECRET_KEY = env("STRIPE_SECRET_KEY", default="")
STRIPE_API_BASE = env("STRIPE_API_BASE", default="https://api.stripe.com").rstrip("/")
# Several while a secret is being changed: any of them signs.
STRIPE_WEBHOOK_SECRETS = env.list("STRIPE_WEBHOOK_SECRET", default=[])
# What our code reads, and what Stripe's library is made for.
STRIPE_API_VERSION = "2026-08-26.dahlia"
# dj-stripe's own name for: keys are Stripe's ids.
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
# Stripe Tax reckons the taxes of what is bought from now on. It has to be turned on for the account.
STRIPE_AUTOMATIC_TAX = env.bool("STRIPE_AUTOMATIC_TAX", default=False)
STRIPE_EVENT_KEEP_DAYS = env.int("STRIPE_EVENT_KEEP_DAYS", default=30)
# Whom its customers could belong to: never people. No metadata of Stripe's says whom, either.
DJSTRIPE_SUBSCRIBER_MODEL = "billing.BillingCustomer"
DJSTRIPE_SUBSCRIBER_CUSTOMER_KEY = ""
MIGRATION_MODULES = {"djstripe": "apps.billing.djstripe_migrations"}
