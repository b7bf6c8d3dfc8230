"""How many rows a new workspace has in its tables, and how it is purged: what several tests know."""

from tests.credits.support import EMPTY_TABLES as CREDITS
from tests.notifications.support import EMPTY_TABLES as NOTIFICATIONS

EMPTY = [*CREDITS, *NOTIFICATIONS]
# A new workspace's checklists begin with it.
ROWS = {**dict.fromkeys(EMPTY, 0), "onboarding_stepstate": 1, "onboarding_workflowrun": 2}
# In which a workspace is purged.
STEPS = [
    "exports_stop", "files", "tables", "schema", "role", "survey_answers", "feature_uses", "feature_days",
    "kept_answers",
    "auto_top_up", "credit_purchases",
    "usage_records", "usage_counters",
    "entitlement_overrides", "tenant_add_ons", "tenant_plan", "subscription", "memberships", "refresh_tokens",
    "token_sessions", "sign_in_policy", "email_domains", "scim_tokens", "external_identities",
    "provider_organizations", "identity_providers", "browser_sessions", "events", "agenda",
    "stripe_events", "dead_tasks", "stripe_objects", "billing_customer", "history", "audit_checkpoints",
    "audit_segments", "domains", "exports", "files_late",
]  # fmt: skip
