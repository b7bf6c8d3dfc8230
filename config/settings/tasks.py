"""Celery: late acknowledgement and rejection together lose no task when a worker is killed."""

from celery.schedules import crontab
from kombu import Queue

from config.settings.environment import env
from config.settings.stores import REDIS_URL

CELERY_BROKER_URL = env("CELERY_BROKER_URL", default=REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Tenants take turns within each queue.
CELERY_BROKER_TRANSPORT = "apps.common.fair_queues:Transport"
QUEUES = ("default", "email", "sync", "bulk")
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "fair_queues": QUEUES,
    "visibility_timeout": 900,
    "global_keyprefix": "celery:",
    "socket_timeout": 5,
}
# By kind, each with workers of its own where that is wanted: what people wait for in their inbox, what talks
# to systems of others, what may take hours, and the rest. A queue that is not named here is a mistake, not a
# new queue.
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_QUEUES = [Queue(name) for name in QUEUES]
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_ROUTES = {
    "*.send_*": {"queue": "email"},
    "*.sync_*": {"queue": "sync"},
    **{
        name: {"queue": "bulk"}
        for name in (
            "accounts.check_email_domains",
            "accounts.run_erasure",
            "adoption.roll_up",
            "audit.tend_chains_of",
            "billing.prune_usage",
            "billing.reconcile",
            "billing.reconcile_customers",
            "credits.expire_of",
            "credits.prune_of",
            "credits.begin_budget_periods_of",
            "credits.tell_forecasts_of",
            "notifications.prune_of",
            "feedback.expire_prompts_of",
            "idempotency.prune",
            "onboarding.tend_of",
            "organizations.tell_of_bindings_of",
            "roles.tend_api_keys_of",
            "tenants.check_domains",
            "tenants.export",
            "tenants.purge",
        )
    },
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 570
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
# Rows in the database: the intervals here until an operator chooses others (docs/operations.md).
CELERY_BEAT_SCHEDULER = "apps.schedules.beat:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = {
    # When something was last used, noted in Redis.
    "common-flush-notes": {
        "task": "common.flush_notes",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "tenants-resume-provisioning": {
        "task": "tenants.resume_provisioning",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "tenants-refill-pool": {
        "task": "tenants.refill_pool",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "tenants-purge-due": {
        "task": "tenants.purge_due",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "tenants-sweep-exports": {
        "task": "tenants.sweep_exports",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    # Each verified domain once a day; what is due is looked for each hour.
    "tenants-recheck-domains": {
        "task": "tenants.recheck_domains",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "accounts-recheck-email-domains": {
        "task": "accounts.recheck_email_domains",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "accounts-sweep-erasures": {
        "task": "accounts.sweep_erasures",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "accounts-prune-tokens": {
        "task": "accounts.prune_tokens",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "accounts-prune-sessions": {
        "task": "accounts.prune_sessions",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "accounts-tend-signing-keys": {
        "task": "accounts.tend_signing_keys",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    # Of all tenants. What begins or ends does so to the second; this tells of it.
    "organizations-tell-of-bindings": {
        "task": "organizations.tell_of_bindings",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    # Of all tenants; those that expire are told a week ahead.
    "roles-tend-api-keys": {
        "task": "roles.tend_api_keys",
        "schedule": 6 * 3600.0,
        "options": {"expires": 3600},
    },
    # Of all tenants: what is not signed yet could be cut off unseen.
    "audit-tend-chains": {
        "task": "audit.tend_chains",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    # Keys of metered uses that nobody sends again.
    "billing-prune-usage": {
        "task": "billing.prune_usage",
        "schedule": 6 * 3600.0,
    },
    # What Stripe told of and has no effect yet: failed and due again, or left by a crash.
    "billing-sweep-stripe-events": {
        "task": "billing.sweep_stripe_events",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "billing-settle-subscriptions": {
        "task": "billing.settle_subscriptions",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "billing-sweep-seats": {
        "task": "billing.sweep_seats",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    # Packs of credits that somebody was about to buy, of which Stripe told nothing.
    "billing-sweep-purchases": {
        "task": "billing.sweep_purchases",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    # Credits that come with the plans, where no event brought them.
    "credits-sweep-allowances": {
        "task": "credits.sweep_allowances",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    # Wallets below what their workspace wants to be told of, where no spending told it.
    "credits-sweep-low-balances": {
        "task": "credits.sweep_low_balances",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    # Of all tenants: whose credits do not last for long at the rate of late.
    "credits-tell-forecasts": {
        "task": "credits.tell_forecasts",
        "schedule": 6 * 3600.0,
        "options": {"expires": 3600},
    },
    # What events did not bring, or somebody changed since: each night.
    "billing-reconcile": {
        "task": "billing.reconcile",
        "schedule": crontab(hour="2", minute="20"),
        "options": {"expires": 3600},
    },
    "billing-prune-stripe-events": {
        "task": "billing.prune_stripe_events",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    # Of all tenants. Nothing is spent that is over; what a hold that is over kept back can be again.
    "credits-expire": {"task": "credits.expire", "schedule": 60.0, "options": {"expires": 60}},
    "credits-prune": {
        "task": "credits.prune",
        "schedule": 24 * 3600.0,
        "options": {"expires": 3600},
    },
    # Of all tenants: of budgets whose month or quarter began (UTC).
    "credits-begin-budget-periods": {
        "task": "credits.begin_budget_periods",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    # What waited for its time, and what a crash left. At once goes what is due at once.
    "notifications-sweep": {
        "task": "notifications.sweep",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "notifications-prune": {
        "task": "notifications.prune",
        "schedule": 24 * 3600.0,
        "options": {"expires": 3600},
    },
    # What providers told, once they do not tell it again.
    "messaging-prune-tracked-events": {
        "task": "messaging.prune_tracked_events",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    # Answers by an Idempotency-Key, after a day.
    "idempotency-prune": {
        "task": "idempotency.prune",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    # Sums of what features are used, of yesterday and today; and what surveys code declares.
    "adoption-roll-up": {
        "task": "adoption.roll_up",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    # Of all tenants: new versions of workflows, and reminders of what stands still.
    "onboarding-tend": {
        "task": "onboarding.tend",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    # Of all tenants: questions that nobody answered.
    "feedback-expire-prompts": {
        "task": "feedback.expire_prompts",
        "schedule": 24 * 3600.0,
        "options": {"expires": 3600},
    },
    "events-prune": {"task": "events.prune", "schedule": 3600.0, "options": {"expires": 3600}},
}
