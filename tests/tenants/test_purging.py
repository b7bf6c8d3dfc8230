"""Deletion for good, in batches: nothing of the tenant is left, and nothing else goes."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from apps.accounts.models import (
    BrowserSession,
    EmailDomain,
    ExternalIdentity,
    IdentityProvider,
    Person,
    ProviderOrganization,
    RefreshToken,
    ScimToken,
    SignInPolicy,
    TenantMembership,
    TokenSession,
)
from apps.accounts.token_sessions import token_session_start
from apps.adoption.models import FeatureUse, SurveyAnswer
from apps.billing.models import BillingCustomer, TenantPlan, UsageRecord
from apps.common.errors import Conflict
from apps.common.files import tenant_files
from apps.common.ids import uuid7
from apps.common.tenancy import tenant_context
from apps.events.models import DeadTask, Handling, OutboxEvent
from apps.idempotency.models import KeptAnswer
from apps.tenants import purge_steps, purging, schemas, tasks
from apps.tenants.exports import jobs
from apps.tenants.models import Domain, Export, Tenant, TenantEvent
from apps.tenants.purging import PurgeStep, purge, purge_preview, purge_progress
from apps.tenants.roles import tenant_roles_missing
from apps.tenants.selectors import tenants_to_purge
from apps.tenants.services import export_request, tenant_delete, tenant_resume
from apps.trail.models import Checkpoint, Segment
from tests.adoption.rows import give_use
from tests.billing.rows import give_everything
from tests.billing.support import give_stripe_rows, stripe_rows
from tests.conftest import SYSTEM, World
from tests.idempotency.rows import give_kept_answer
from tests.tenants.tables import ROWS, STEPS

pytestmark = pytest.mark.django_db


@pytest.fixture
def due(globex: Tenant, charlie: Person) -> Tenant:
    """globex with something of every kind, its grace period over."""
    with tenant_context(globex):
        for number in range(5):
            tenant_files.save(f"a/{number}.txt", ContentFile(b"12345"))
    SignInPolicy.objects.create(tenant=globex)
    token_session_start(person=charlie, tenant_id=globex.id, user_agent="x", ip=None)
    EmailDomain.objects.create(tenant=globex, domain="globex.test", token="x")
    ScimToken.objects.create(tenant=globex, label="x")
    provider = IdentityProvider.objects.create(
        tenant=globex, name="x", issuer="x", algorithms=["RS256"]
    )
    ExternalIdentity.objects.create(
        provider=provider, tenant=globex, issuer="x", subject="x", person=charlie
    )
    ProviderOrganization.objects.create(provider=provider, tenant=globex, code="x")
    expires_at = timezone.now() + timedelta(days=1)
    BrowserSession.objects.create(person=charlie, tenant=globex, expires_at=expires_at)
    Export.objects.create(tenant=globex, status="ready", requested_by="x", file="exports/a.zip")
    signed = {"tenant_id": globex.id, "signed_at": expires_at, "key_id": "x", "signature": b"x"}
    Checkpoint.objects.create(seq=1, hash=b"x", **signed)
    Segment.objects.create(
        first_seq=1, last_seq=1, prev_hash=b"x", last_hash=b"x", file="x", **signed
    )
    give_everything(globex)
    give_use(globex)
    give_kept_answer(globex)
    give_stripe_rows(globex)
    tenant_delete(actor=SYSTEM, tenant_id=globex.id, reason="left", grace_days=0)
    globex.refresh_from_db()
    return globex


def left_of(tenant: Tenant, files_root: str) -> dict[str, Any]:
    """Everything that names the tenant, but the outbox."""
    of_it = {"tenant_id": tenant.id}
    missing = tenant_roles_missing([tenant.schema_name])
    return {
        "schema": schemas.schemas_existing([tenant.schema_name]),
        "role": set() if missing else {tenant.schema_name},
        "files": set((Path(files_root) / "tenants").glob(str(tenant.id))),
        "tenant": set(Tenant.objects.filter(id=tenant.id)),
        "domains": set(Domain.objects.filter(**of_it)),
        "history": set(TenantEvent.objects.filter(**of_it)),
        "exports": set(Export.objects.filter(**of_it)),
        "memberships": set(TenantMembership.objects.filter(**of_it)),
        "email_domains": set(EmailDomain.objects.filter(**of_it)),
        "scim_tokens": set(ScimToken.objects.filter(**of_it)),
        "identities": set(ExternalIdentity.objects.filter(**of_it)),
        "provider_organizations": set(ProviderOrganization.objects.filter(**of_it)),
        "providers": set(IdentityProvider.objects.filter(**of_it)),
        "browsers": set(BrowserSession.objects.filter(**of_it)),
        "kept_answers": set(KeptAnswer.objects.filter(**of_it)),
        "plan": {*TenantPlan.objects.filter(**of_it), *UsageRecord.objects.filter(**of_it)},
        "uses": {*FeatureUse.objects.filter(**of_it), *SurveyAnswer.objects.filter(**of_it)},
        "checkpoints": set(Checkpoint.objects.filter(**of_it)),
        "segments": set(Segment.objects.filter(**of_it)),
        "sign_ins": set(TokenSession.objects.filter(**of_it)),
        "policy": set(SignInPolicy.objects.filter(**of_it)),
        "billing_customer": set(BillingCustomer.objects.filter(**of_it)),
        "stripe": stripe_rows(f"cus_{tenant.slug}"),
    }


KINDS = (
    "schema", "role", "files", "tenant", "domains", "history", "exports", "memberships", "sign_ins",
    "policy", "email_domains", "scim_tokens", "identities", "provider_organizations", "providers", "browsers",
    "checkpoints", "segments", "plan", "uses", "kept_answers",
    "checkpoints", "segments", "billing_customer", "stripe",
)  # fmt: skip
NOTHING: dict[str, Any] = {kind: set() for kind in KINDS}


def test_nothing_is_left_and_people_stay(due: Tenant, world: World, settings: Any) -> None:
    before = left_of(world.acme, settings.FILES_ROOT)
    assert all(left_of(due, settings.FILES_ROOT).values())
    assert purge(due.id) is True
    assert left_of(due, settings.FILES_ROOT) == NOTHING
    assert RefreshToken.objects.count() == 0
    assert left_of(world.acme, settings.FILES_ROOT) == before
    assert len(stripe_rows("cus_other")) == 2
    assert Person.objects.filter(id=world.charlie.id, is_active=True).exists()
    event = OutboxEvent.objects.get(name="tenants.tenant_deleted")
    assert event.payload == {"tenant_id": str(due.id), "slug": "globex"}
    assert (event.tenant_id, event.actor_label) == (None, "system:deletion")
    assert purge(due.id) is False
    assert OutboxEvent.objects.filter(name="tenants.tenant_deleted").count() == 1


def test_the_order_of_what_goes() -> None:
    assert [step.name for step in purging.purge_steps()] == STEPS


def test_before_its_time_nothing_happens(globex: Tenant, settings: Any) -> None:
    for status, after in (
        ("ready", timezone.now()),
        ("suspended", timezone.now()),
        ("deleting", timezone.now() + timedelta(minutes=1)),
        ("deleting", None),
    ):
        Tenant.objects.filter(id=globex.id).update(status=status, delete_after=after)
        assert purge(globex.id) is False
    globex.refresh_from_db()
    assert globex.purge_started_at is None
    assert schemas.schemas_existing([globex.schema_name]) == {globex.schema_name}
    assert not globex.history.filter(action="deletion_began").exists()


def step_by_step(due: Tenant) -> list[list[str]]:
    """What is marked done after each batch."""
    seen = []
    while purging._advance(due.id) is None:
        due.refresh_from_db()
        seen.append([name for name in due.steps_done if name.startswith("purge:")])
    return seen


def test_it_begins_with_a_mark_after_which_there_is_no_way_back(due: Tenant) -> None:
    tenant_resume(actor=SYSTEM, tenant_id=due.id)
    tenant_delete(actor=SYSTEM, tenant_id=due.id, reason="left", grace_days=0)
    assert purging._advance(due.id) is None
    due.refresh_from_db()
    assert due.purge_started_at is not None
    assert due.history.first().action == "deletion_began"  # type: ignore[union-attr]
    with pytest.raises(Conflict, match="The deletion has begun") as caught:
        tenant_resume(actor=SYSTEM, tenant_id=due.id)
    assert caught.value.code == "purge_started"
    due.refresh_from_db()
    assert (due.status, purge_progress(due).done) == ("deleting", 0)


def test_each_batch_is_small_and_leaves_a_mark(
    due: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge_steps, "BATCH_FILES", 3)
    monkeypatch.setattr(purge_steps, "TABLES_AT_ONCE", 4)
    monkeypatch.setattr(purging, "BATCH_ROWS", 2)
    seen = step_by_step(due)
    batches = [len(marks) for marks in seen]
    # begin, exports; files and folders by three, and once to see that none is left; the tables by four, and
    # once more; schema, role, and one of each kind, of its plan five; no event that is settled yet, one of
    # Stripe, no refused task, one copy of Stripe's customer, the customer; five of the history by two; one
    # checkpoint and one archive of the audit log; one domain, one export, no late file.
    assert batches == [
        0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 33, 33, 34, 35, 36, 37, 38,
        39,
    ]  # fmt: skip
    assert seen[-1] == [f"purge:{name}" for name in STEPS]


def test_events_that_are_settled_go_and_others_stay(
    due: Tenant, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "BATCH_ROWS", 2)
    waiting = set(OutboxEvent.objects.filter(tenant_id=due.id).values_list("id", flat=True))
    settled = [event_of(due, dispatched=True) for _ in range(5)]
    pending = event_of(due, dispatched=True)
    for event, state in ((pending, "pending"), (settled[0], "done")):
        Handling.objects.create(
            event=event, handler="x", state=state, position=1, next_attempt_at=timezone.now()
        )
    others = event_of(acme, dispatched=True)
    DeadTask.objects.create(tenant_id=due.id, task="x", reason="x")
    kept = DeadTask.objects.create(tenant_id=acme.id, task="x", reason="x")
    assert purge(due.id) is True
    left = set(OutboxEvent.objects.values_list("id", flat=True))
    assert waiting | {pending.id, others.id} <= left
    assert not left & {event.id for event in settled}
    assert list(DeadTask.objects.all()) == [kept]


def event_of(tenant: Tenant, *, dispatched: bool) -> OutboxEvent:
    return OutboxEvent.objects.create(
        name="x", version=1, scope="platform", actor_kind="system", actor_label="x", payload={},
        tenant_id=tenant.id, dispatched_at=timezone.now() if dispatched else None,
    )  # fmt: skip


def test_progress_is_shown(due: Tenant) -> None:
    for _ in range(3):
        purging._advance(due.id)
    due.refresh_from_db()
    found = purge_progress(due)
    assert (found.done, found.total) == (1, len(STEPS))
    assert found.steps[:3] == [
        ("Exports under way", "done"),
        ("Files", "active"),
        ("Tables", "waiting"),
    ]


def test_a_failure_is_noted_and_tried_again_later(
    due: Tenant, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    real = purging._steps["role"]

    def fail(tenant: Tenant) -> bool:
        TenantMembership.objects.filter(tenant=tenant).delete()
        raise RuntimeError("disk on fire")

    monkeypatch.setitem(purging._steps, "role", PurgeStep("role", "Role", 50, fail))
    assert purge(due.id) is False
    due.refresh_from_db()
    assert due.attempts == 1
    assert "RuntimeError: disk on fire" in due.last_error
    assert due.next_attempt_at is not None
    assert purge_progress(due).steps[4] == ("Role", "failed")
    # The failed batch was undone, those before it were not.
    assert TenantMembership.objects.filter(tenant=due).count() == 1
    assert schemas.schemas_existing([due.schema_name]) == set()
    assert list(tenants_to_purge(stale_s=0)) == []

    monkeypatch.setitem(purging._steps, "role", real)
    Tenant.objects.filter(id=due.id).update(next_attempt_at=timezone.now())
    assert list(tenants_to_purge(stale_s=0)) == [due]
    assert purge(due.id) is True
    assert left_of(due, settings.FILES_ROOT) == NOTHING


def test_the_wait_between_attempts_grows_to_an_hour(due: Tenant) -> None:
    waits = []
    for attempts in (0, 5, 500):
        Tenant.objects.filter(id=due.id).update(attempts=attempts)
        purging._record_failure(due.id, "x")
        due.refresh_from_db()
        assert due.next_attempt_at is not None
        waits.append((due.next_attempt_at - timezone.now()).total_seconds())
    assert 0.9 < waits[0] < 3.1
    assert 31 < waits[1] < 97
    assert 1799 < waits[2] < 5401


class TestSweep:
    def test_finds_what_is_due_and_what_was_left(self, due: Tenant) -> None:
        assert list(tenants_to_purge()) == [due]
        purging._advance(due.id)
        # Somebody is at it.
        assert list(tenants_to_purge()) == []
        Tenant.objects.filter(id=due.id).update(updated_at=timezone.now() - timedelta(seconds=31))
        assert list(tenants_to_purge()) == [due]

    def test_the_task_deletes(self, due: Tenant, settings: Any) -> None:
        tasks.purge_due()
        assert left_of(due, settings.FILES_ROOT) == NOTHING

    def test_a_worker_leaves_when_its_time_is_up(self, due: Tenant, settings: Any) -> None:
        assert purge(due.id, max_s=0) is False
        due.refresh_from_db()
        assert due.purge_started_at is None
        assert purge(due.id) is True


def test_a_failed_workspace_without_a_schema(alice: Person, settings: Any) -> None:
    tenant = Tenant.objects.create(
        slug="half", name="Half", schema_name="t_half", owner_person_id=alice.id, status="failed"
    )
    tenant_delete(actor=SYSTEM, tenant_id=tenant.id, reason="x", grace_days=0)
    assert purge(tenant.id) is True
    assert left_of(tenant, settings.FILES_ROOT) == NOTHING


def test_other_objects_in_the_schema_go_too(due: Tenant, settings: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f'SET LOCAL search_path = "{due.schema_name}";'
            "CREATE VIEW odd AS SELECT * FROM organizations_member;"
            "CREATE MATERIALIZED VIEW odder AS SELECT * FROM odd;"
            "CREATE SEQUENCE free;"
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
            "CREATE TYPE mood AS ENUM ('a');"
            'CREATE TABLE "we""ird" (m mood) PARTITION BY LIST (m);'
            'CREATE TABLE part PARTITION OF "we""ird" DEFAULT;'
        )
    connection.search_path_set_schemas = None  # type: ignore[attr-defined]
    assert purge(due.id) is True
    assert left_of(due, settings.FILES_ROOT) == NOTHING


def test_an_export_under_way_is_stopped(due: Tenant, settings: Any) -> None:
    Tenant.objects.filter(id=due.id).update(delete_after=timezone.now() + timedelta(days=1))
    export = export_request(actor=SYSTEM, tenant_id=due.id)
    Tenant.objects.filter(id=due.id).update(delete_after=timezone.now())
    seen = []

    def delete_meanwhile(done: int, _total: int) -> None:
        if done == 3:
            for _ in range(2):
                purging._advance(due.id)
            seen.append(Export.objects.get(id=export.id).error)

    assert jobs.export_run(export.id, delete_meanwhile) is False
    assert seen == ["The workspace is being deleted."]
    assert purge(due.id) is True
    assert left_of(due, settings.FILES_ROOT) == NOTHING


def test_preview_counts_everything_and_changes_nothing(due: Tenant) -> None:
    Tenant.objects.filter(id=due.id).update(status="ready", delete_after=None)
    found = purge_preview(due)
    assert found == {
        "files": 5,
        "file_bytes": 25,
        "tables": {
            "audit_entry": 0,
            "credits_account": 7,
            **ROWS,
            "django_migrations": 24,
            "organizations_directoryuser": 0,
            "organizations_group": 0,
            "organizations_groupmembership": 0,
            "organizations_invitation": 0,
            "organizations_joinrequest": 0,
            "organizations_member": 1,
            "organizations_organization": 1,
            "organizations_organizationsetting": 0,
            "organizations_placement": 0,
            "organizations_providergrouprole": 0,
            "organizations_rolebinding": 1,
            "roles_apikey": 0,
            "roles_role": 5,
            "roles_roleinclusion": 0,
        },
        "schema": due.schema_name,
        "role": due.schema_name,
        **dict.fromkeys(STEPS[5 : STEPS.index("events")], 1),
        "events": 9,
        "agenda": 0,
        "stripe_events": 1,
        "dead_tasks": 0,
        "stripe_customer": 1,
        "billing_customer": 1,
        "history": 4,
        "audit_checkpoints": 1,
        "audit_segments": 1,
        "domains": ["globex.localhost"],
        "exports": 1,
    }
    assert purge_preview(due) == found
    missing = Tenant(id=uuid7(), schema_name="t_missing")
    empty = purge_preview(missing)
    assert (empty["schema"], empty["role"], empty["tables"], empty["files"]) == (None, None, {}, 0)
