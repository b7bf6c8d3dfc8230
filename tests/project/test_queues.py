"""Which queue a task waits in: nobody's mail behind somebody's export."""

from typing import Any

import pytest

from apps.accounts.models import Person
from apps.events.drain import drain_once
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_clone
from apps.tenants.tasks import provision
from config.celery import app
from tests.conftest import SYSTEM

EMAIL = {
    "accounts.send_email",
    "billing.send_notice",
    "billing.send_receipts",
    "credits.send_notice",
    "notifications.send_due",
    "organizations.send_invitation",
    "organizations.send_join_decision",
    "organizations.send_join_request",
    "roles.send_expiry_notice",
}
SYNC = {
    "billing.sync_purchase",
    "billing.sync_seats",
    "billing.sync_stripe_lane",
    "credits.sync_top_up",
}
BULK = {
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
}


def queue_of(name: str) -> str:
    options: dict[str, Any] = {}
    return str(app.amqp.router.route(options, name)["queue"].name)


def test_every_task_waits_where_it_belongs() -> None:
    app.loader.import_default_modules()
    names = [name for name in app.tasks if not name.startswith(("celery.", "tests."))]
    assert {name for name in names if queue_of(name) == "email"} == EMAIL
    assert {name for name in names if queue_of(name) == "sync"} == SYNC
    assert {name for name in names if queue_of(name) == "bulk"} == BULK
    assert {queue_of(name) for name in names} == {"default", "email", "sync", "bulk"}


@pytest.mark.django_db
def test_a_copy_keeps_no_sign_up_waiting(acme: Tenant, alice: Person, monkeypatch: Any) -> None:
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(provision, "apply_async", lambda args, queue: sent.append((args[0], queue)))
    copy = tenant_clone(
        actor=SYSTEM, tenant_id=acme.id, slug="acme-copy", name="Copy", owner_person_id=alice.id
    )
    drain_once()
    assert dict(sent)[str(acme.id)] == "default"
    assert dict(sent)[str(copy.id)] == "bulk"
