from apps.credits.services.adjustments import (
    adjustment_approve,
    adjustment_decline,
    adjustment_request,
)
from apps.credits.services.corrections import (
    account_freeze,
    credits_adjust,
    credits_refund,
    needs_second_person,
)
from apps.credits.services.grants import grant_create, grant_revoke, grants_expire
from apps.credits.services.holds import hold_capture, hold_release, holds_expire
from apps.credits.services.spending import Spent, credits_debit, credits_hold

__all__ = [
    "Spent",
    "account_freeze",
    "adjustment_approve",
    "adjustment_decline",
    "adjustment_request",
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
    "needs_second_person",
]
