from apps.credits.services.adjustments import (
    adjustment_approve,
    adjustment_decline,
    adjustment_request,
)
from apps.credits.services.budget_periods import budgets_begin_period
from apps.credits.services.budgets import (
    budget_close,
    budget_set,
    budget_transfer,
    budgets_close_gone,
)
from apps.credits.services.corrections import (
    account_freeze,
    credits_adjust,
    credits_refund,
    needs_second_person,
)
from apps.credits.services.grants import grant_create, grant_revoke, grants_expire
from apps.credits.services.holds import hold_capture, hold_release, holds_expire
from apps.credits.services.ingestion import usage_ingest
from apps.credits.services.pruning import lots_prune, usage_events_prune
from apps.credits.services.spending import Spent, credits_debit, credits_hold
from apps.credits.services.spending_caps import spending_cap_remove, spending_cap_set

__all__ = [
    "Spent",
    "account_freeze",
    "adjustment_approve",
    "adjustment_decline",
    "adjustment_request",
    "budget_close",
    "budget_set",
    "budget_transfer",
    "budgets_begin_period",
    "budgets_close_gone",
    "credits_adjust",
    "credits_debit",
    "credits_hold",
    "credits_refund",
    "grant_create",
    "grant_revoke",
    "grants_expire",
    "hold_capture",
    "hold_release",
    "holds_expire",
    "lots_prune",
    "needs_second_person",
    "spending_cap_remove",
    "spending_cap_set",
    "usage_events_prune",
    "usage_ingest",
]
