"""What PostgreSQL itself refuses, whatever the application forgets."""

from collections.abc import Callable, Iterator

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from apps.accounts.models import ScimToken, TenantMembership
from apps.adoption.models import (
    FeatureDay,
    FeatureTotal,
    FeatureUse,
    FlagRule,
    FunnelCount,
    SurveyAnswer,
    SurveyAsked,
    SurveyCount,
)
from apps.billing.models import (
    AutoTopUp,
    BillingCustomer,
    CreditPurchase,
    EntitlementOverride,
    StripeEvent,
    Subscription,
    TenantAddOn,
    TenantPlan,
    UsageCounter,
    UsageRecord,
)
from apps.common.database import app_connection, system_connection
from apps.common.ids import uuid7
from apps.common.tenancy import tenant_context
from apps.events.models import DeadTask, Handling, OutboxEvent
from apps.idempotency.models import KeptAnswer
from apps.organizations.models import Member
from apps.tenants.agenda import agenda_note
from apps.tenants.drift import policies
from apps.tenants.drift.policies import guarded_tables
from apps.tenants.models import (
    AgendaEntry,
    Domain,
    Export,
    MigrationRun,
    MigrationTarget,
    Tenant,
    TenantEvent,
)
from apps.tenants.roles import APP, GROUP
from tests.adoption.rows import PERSON_ID, give_use
from tests.billing.rows import give_everything
from tests.conftest import World
from tests.idempotency.rows import give_kept_answer

pytestmark = pytest.mark.django_db

OF_TENANTS = (
    *(Tenant, Domain, TenantEvent, TenantMembership, OutboxEvent),
    *(Export, MigrationTarget, DeadTask, ScimToken, BillingCustomer),
    *(TenantPlan, TenantAddOn, EntitlementOverride, UsageRecord, UsageCounter, Subscription),
    *(CreditPurchase, AutoTopUp, FeatureUse, FeatureDay, SurveyAnswer, AgendaEntry, KeptAnswer),
)


def rows(sql: str, *parameters: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


@pytest.fixture
def as_app(world: World) -> Iterator[None]:
    """Speak as a web request does."""
    with app_connection():
        yield


def refused(act: Callable[[], object], why: str) -> None:
    with pytest.raises(DatabaseError, match=why), transaction.atomic():
        act()


def test_every_shared_table_of_tenants_has_a_forced_policy(world: World) -> None:
    """A new one without a policy fails here, until it has one or its model says why not."""
    assert {model._meta.db_table for model in OF_TENANTS} <= set(guarded_tables())
    assert list(policies.find()) == []
    reasons = {
        model._meta.db_table
        for model in apps.get_models()
        if getattr(model, "without_row_level_security", "")
    }
    assert reasons == {
        "accounts_browsersession",
        "accounts_erasure",
        "accounts_knowndevice",
        "accounts_tokensession",
    }


def test_the_apps_login_is_nobody_special(world: World) -> None:
    found = rows(
        "SELECT rolsuper, rolinherit, rolbypassrls, rolcreatedb, rolcreaterole, "
        "(SELECT count(*) FROM pg_class WHERE relowner = r.oid) FROM pg_roles r WHERE rolname = %s",
        APP,
    )
    assert found == [(False, False, False, False, False, 0)]


def test_a_tenants_role_may_use_its_own_schema_only(world: World) -> None:
    schemas = [t.schema_name for t in Tenant.objects.all()]
    for tenant in Tenant.objects.all():
        allowed = {
            schema
            for schema in schemas
            if rows("SELECT has_schema_privilege(%s, %s, 'USAGE')", tenant.schema_name, schema)[0][
                0
            ]
        }
        assert allowed == {tenant.schema_name}
        assert rows("SELECT pg_has_role(%s, %s, 'USAGE')", tenant.schema_name, GROUP) == [(True,)]


def test_without_a_tenant_the_app_sees_no_tenants_row(world: World, as_app: None) -> None:
    hidden = (*OF_TENANTS, Handling)
    with system_connection():
        BillingCustomer.objects.create(tenant=world.acme, stripe_id="cus_1")
        Export.objects.create(tenant=world.acme, requested_by="x")
        ScimToken.objects.create(tenant=world.acme, label="x")
        DeadTask.objects.create(task="x", tenant_id=world.acme.id, reason="x")
        run = MigrationRun.objects.create(version="x", actor="x")
        MigrationTarget.objects.create(run=run, tenant_id=world.acme.id, schema_name="x", wave=1)
        give_everything(world.acme)
        give_use(world.acme)
        give_kept_answer(world.acme)
        with tenant_context(world.acme):
            agenda_note("x.y", timezone.now())
        assert all(model.objects.exists() for model in OF_TENANTS)
    assert {model: model.objects.count() for model in hidden} == dict.fromkeys(hidden, 0)


def test_in_a_tenant_it_sees_that_tenants_rows(world: World, as_app: None) -> None:
    with tenant_context(world.acme):
        assert [t.slug for t in Tenant.objects.all()] == ["acme"]
        assert {d.tenant_id for d in Domain.objects.all()} == {world.acme.id}
        assert {m.person_id for m in TenantMembership.objects.all()} == {
            world.alice.id,
            world.bob.id,
        }
        assert set(OutboxEvent.objects.values_list("tenant_id", flat=True)) == {world.acme.id}
        assert Handling.objects.count() == 0


def test_what_stripe_says_is_for_the_system(world: World) -> None:
    """dj-stripe's tables and the inbox, which name no tenant: a newer dj-stripe's too."""
    names = sorted(
        model._meta.db_table
        for model in apps.get_app_config("djstripe").get_models(include_auto_created=True)
    )
    assert len(names) > 50
    found = rows(
        "SELECT c.relname, array_agg(p.polname::text) FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid "
        "WHERE c.relrowsecurity AND c.relforcerowsecurity AND c.relname LIKE 'djstripe%%' GROUP BY 1 "
        "ORDER BY 1"
    )
    assert found == [(name, ["system_rows"]) for name in names]
    customer = apps.get_model("djstripe", "Customer")
    customer.objects.create(id="cus_1", stripe_data={})
    StripeEvent.objects.create(
        stripe_id="evt_1", is_live=False, occurred_at=timezone.now(), lane="cus_1", payload="{}"
    )
    BillingCustomer.objects.create(tenant=world.acme, stripe_id="cus_1")
    with app_connection(), tenant_context(world.acme):
        assert (customer.objects.count(), StripeEvent.objects.count()) == (0, 0)
        assert [one.stripe_id for one in BillingCustomer.objects.all()] == ["cus_1"]
    with app_connection(), tenant_context(world.globex):
        assert BillingCustomer.objects.count() == 0


def test_qualified_names_do_not_help(world: World, as_app: None) -> None:
    other = world.globex.schema_name
    with tenant_context(world.acme):
        for sql in (
            f'SELECT * FROM "{other}".organizations_member',
            f'DELETE FROM "{other}".organizations_member',
            f'DROP TABLE "{other}".organizations_member',
            f'CREATE TABLE "{other}".x ()',
            "CREATE TABLE public.x ()",
            "ALTER TABLE tenants_tenant DISABLE ROW LEVEL SECURITY",
            "INSERT INTO django_migrations (app, name, applied) VALUES ('x', 'y', now())",
        ):
            refused(lambda sql=sql: rows(sql), "permission denied|must be owner")
    with tenant_context(world.globex):
        assert Member.objects.count() == 1


def test_rows_cannot_be_written_for_another_tenant(world: World, as_app: None) -> None:
    acme, globex = world.acme, world.globex
    with tenant_context(acme):
        assert Tenant.objects.filter(id=globex.id).update(name="taken") == 0
        assert Domain.objects.filter(tenant_id=globex.id).delete() == (0, {})
        membership = TenantMembership(person_id=world.bob.id, tenant_id=globex.id)
        refused(lambda: membership.save(force_insert=True), "row-level security")
        mine = Domain.objects.filter(tenant_id=acme.id)
        refused(lambda: mine.update(tenant_id=globex.id), "row-level security")
        refused(
            lambda: rows(
                "INSERT INTO events_outboxevent (id, name, version, scope, tenant_id, aggregate_id, "
                "actor_kind, actor_label, request_id, payload, created_at) VALUES (gen_random_uuid(), "
                "'x', 1, 'system', %s, '', 'system', '', '', '{}', now())",
                globex.id,
            ),
            "row-level security",
        )


def test_a_tenant_reads_what_it_has_and_changes_nothing_of_it(world: World, as_app: None) -> None:
    with system_connection():
        give_everything(world.acme)
        give_everything(world.globex)
    with tenant_context(world.acme):
        for model in (
            *(TenantPlan, TenantAddOn, EntitlementOverride, Subscription),
            *(CreditPurchase, AutoTopUp),
        ):
            row = model.objects.get()
            assert row.tenant_id == world.acme.id
            assert model.objects.update(updated_at=row.updated_at) == 0
            assert model.objects.all().delete() == (0, {})
            row.pk = None
            refused(lambda row=row: row.save(force_insert=True), "row-level security")
        # What it uses it counts itself, and nobody else's.
        for used in (UsageCounter, UsageRecord):
            assert used.objects.get().tenant_id == world.acme.id
            mine = used(tenant_id=world.globex.id, code="x.z")
            for name, value in {"key": "k", "amount": 1, "used": 1}.items():
                setattr(mine, name, value)
            mine.period_start = timezone.now()
            refused(lambda mine=mine: mine.save(force_insert=True), "row-level security")


def test_a_tenant_counts_its_uses_and_reads_what_they_add_up_to(world: World, as_app: None) -> None:
    with system_connection():
        give_use(world.acme)
        give_use(world.globex)
    with tenant_context(world.acme):
        for model in (FeatureUse, FeatureDay, SurveyAnswer):
            row = model.objects.get()
            assert row.tenant_id == world.acme.id
            row.pk, row.tenant_id = None, world.globex.id
            refused(lambda row=row: row.save(force_insert=True), "row-level security")
        assert FeatureDay.objects.update(uses=2) == 0
        assert FeatureUse.objects.update(uses=2) == 1


def test_a_tenant_keeps_its_answers_and_nobody_those_of_none(world: World, as_app: None) -> None:
    with system_connection():
        for tenant in (world.acme, world.globex, None):
            give_kept_answer(tenant)
    for tenant in (world.acme, None):
        with tenant_context(tenant):
            row = KeptAnswer.objects.get()
            assert row.tenant_id == (tenant.id if tenant else None)
            row.pk, row.tenant_id = uuid7(), world.globex.id
            refused(lambda row=row: row.save(force_insert=True), "row-level security")


def test_what_is_counted_over_all_is_for_the_system(world: World, as_app: None) -> None:
    today = timezone.now()
    with system_connection():
        SurveyAsked.objects.create(person_id=PERSON_ID, survey="", asked_at=today)
        SurveyCount.objects.create(survey="x", day=today, outcome="shown", count=1)
        FunnelCount.objects.create(workflow="x", version=1, month=today, outcome="started", count=1)
        FeatureTotal.objects.create(
            feature="x", day=today, tenants=1, people=1, uses=1, tenants_window=1, people_window=1
        )
        FlagRule.objects.create(code="x.y", mode="on", on=[world.globex.id])
    with tenant_context(world.acme):
        for model in (SurveyAsked, SurveyCount, FunnelCount, FeatureTotal, FlagRule):
            assert model.objects.count() == 0
            assert model.objects.all().delete() == (0, {})


def test_a_tenant_is_found_by_its_exact_key_only(world: World, as_app: None) -> None:
    find = "SELECT slug FROM tenants_find(%s, %s, %s)"
    assert rows(find, "acme.localhost", None, None) == [("acme",)]
    assert rows(find, None, "globex", None) == [("globex",)]
    assert rows(find, None, None, world.acme.id) == [("acme",)]
    assert rows(find, "%", "%", None) == []
    assert rows(find, None, None, None) == []


def test_a_role_that_is_not_there_stops_the_tenant(world: World) -> None:
    """A context that cannot be set runs nothing."""
    Tenant.objects.filter(id=world.acme.id).update(schema_name="t_no_such_role")
    world.acme.refresh_from_db()
    with tenant_context(world.acme):
        refused(Member.objects.count, 'role "t_no_such_role" does not exist')
