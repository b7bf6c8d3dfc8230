"""Feature flags: for whom they are on, what staff decide, and how soon it holds."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.template import Context, Template
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from openfeature import api as openfeature
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import Reason

from apps.adoption.checks import check_flags
from apps.adoption.enums import FlagMode
from apps.adoption.flag_rules import Reach
from apps.adoption.flag_services import (
    flag_preview,
    flag_set,
    flag_tenant_set,
    flags_forget_tenant,
)
from apps.adoption.models import FlagRule
from apps.common import flags
from apps.common.actors import Actor
from apps.common.breakers import Breaker
from apps.common.errors import InvalidInput, NotFound, PermissionDenied
from apps.common.flags import By, Flag, Mode, Rule, bucket, declare_flags, flags_on, is_on
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM

pytestmark = pytest.mark.django_db

NEW, OLD = "tests.new", "tests.old"


@pytest.fixture(autouse=True)
def _declared() -> None:
    declare_flags(
        Flag(NEW, "New", "x", is_for_clients=True),
        Flag(OLD, "Old", "x", default=True),
    )
    flags.forget()


def decide(mode: FlagMode, code: str = NEW, **values: Any) -> None:
    flag_set(actor=SYSTEM, code=code, mode=mode, reason="A test", **values)
    # Its own process forgets at the commit, which a test's transaction has not.
    flags.forget()


def test_as_declared(acme: Tenant) -> None:
    assert not is_on(NEW, tenant=acme)
    assert is_on(OLD, tenant=acme)
    assert is_on(OLD)
    with pytest.raises(ImproperlyConfigured):
        is_on("tests.unknown")
    with pytest.raises(ImproperlyConfigured):
        declare_flags(Flag(NEW, "Another", "x"))


def test_on_and_off_for_everybody(acme: Tenant) -> None:
    decide(FlagMode.ON)
    decide(FlagMode.OFF, OLD)
    assert is_on(NEW, tenant=acme)
    assert not is_on(OLD, tenant=acme)
    decide(FlagMode.AS_DECLARED)
    assert not is_on(NEW)


def test_one_tenant_otherwise(acme: Tenant, globex: Tenant) -> None:
    flag_tenant_set(actor=SYSTEM, code=NEW, tenant_id=acme.id, is_on=True, reason="Beta")
    flags.forget()
    with tenant_context(acme):
        assert is_on(NEW)
    assert not is_on(NEW, tenant=globex)
    decide(FlagMode.ON)
    flag_tenant_set(actor=SYSTEM, code=NEW, tenant_id=acme.id, is_on=False, reason="Hurts them")
    flags.forget()
    assert not is_on(NEW, tenant=acme)
    assert is_on(NEW, tenant=globex)
    assert is_on(NEW)
    flag_tenant_set(actor=SYSTEM, code=NEW, tenant_id=acme.id, is_on=None, reason="Mended")
    flags.forget()
    assert is_on(NEW, tenant=acme)


def test_a_share_is_stable_and_grows() -> None:
    ids = [str(uuid.UUID(int=number)) for number in range(4000)]
    flag, shares = flags.flags()[NEW], {}
    for percent in (0, 10, 30, 100):
        rule = Rule(Mode.TARGETED, percent)
        shares[percent] = {
            one
            for one in ids
            if flags.decided(flag, rule, EvaluationContext(one, {"tenant_id": one}))[0]
        }
        assert abs(len(shares[percent]) / len(ids) - percent / 100) < 0.03
    assert shares[0] < shares[10] < shares[30] < shares[100]
    # Each flag has other ones.
    assert {one for one in ids if bucket(OLD, one) < 1000} != shares[10]
    assert bucket(NEW, ids[0]) == bucket(NEW, ids[0]) == 7867


def test_a_share_of_people(acme: Tenant) -> None:
    declare_flags(Flag("tests.people", "x", "x", by=By.PERSON))
    decide(FlagMode.TARGETED, "tests.people", percent=50)
    people = [uuid.UUID(int=number) for number in range(200)]
    on = [one for one in people if is_on("tests.people", tenant=acme, person_id=one)]
    assert 70 < len(on) < 130
    assert not is_on("tests.people", tenant=acme)


def test_by_plan(acme: Tenant, globex: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    class Plans:
        def plan_of(self, tenant: Any) -> str:
            return {acme.id: "business"}.get(tenant.id, "")

        def plans(self) -> dict[uuid.UUID, str]:
            return {acme.id: "business"}

    monkeypatch.setattr(flags, "_plan_source", Plans())
    assert flag_preview(SYSTEM, code=NEW, mode="targeted", plans=["business"]) == Reach(0, 1, 2)
    decide(FlagMode.TARGETED, plans=["business", "business"])
    assert is_on(NEW, tenant=acme)
    assert not is_on(NEW, tenant=globex)
    assert FlagRule.objects.get(code=NEW).plans == ["business"]


def test_while_what_it_needs_is_away_it_is_off(acme: Tenant) -> None:
    breaker = Breaker("tests.away", failures=1, open_s=30)
    declare_flags(Flag("tests.degrading", "x", "x", default=True, degrades_with=breaker.name))
    flags.forget()
    assert is_on("tests.degrading", tenant=acme)
    with pytest.raises(OSError, match="gone"), breaker.attempt(failures=(OSError,)):
        raise OSError("gone")
    assert is_on("tests.degrading", tenant=acme), "it is looked at once in a while"
    time.sleep(flags.REFRESH_S)
    assert not is_on("tests.degrading", tenant=acme)
    assert flags.degraded_now() == {breaker.name}
    breaker.reset()
    time.sleep(flags.REFRESH_S)
    assert is_on("tests.degrading", tenant=acme)


def test_what_probes_next_may_be_asked_again(acme: Tenant) -> None:
    """Half open it is on: else nobody would find out that it is back."""
    breaker = Breaker("tests.away", failures=1, open_s=0.05)
    declare_flags(Flag("tests.degrading", "x", "x", default=True, degrades_with=breaker.name))
    with pytest.raises(OSError, match="gone"), breaker.attempt(failures=(OSError,)):
        raise OSError("gone")
    time.sleep(0.06)
    flags.forget()
    assert breaker.status().state == "half_open"
    assert is_on("tests.degrading", tenant=acme)


def test_it_costs_nothing_when_it_is_warm(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    decide(FlagMode.TARGETED, percent=50)
    is_on(NEW, tenant=acme)
    asked: list[str] = []
    monkeypatch.setattr(flags, "_read", lambda _before: asked.append("read"))
    began_s = time.perf_counter()
    with CaptureQueriesContext(connection) as queries:
        for _ in range(100):
            is_on(NEW, tenant=acme)
    assert (len(queries), asked) == (0, [])
    assert (time.perf_counter() - began_s) / 100 < 0.001


@pytest.mark.django_db(transaction=True)
def test_another_process_follows_within_a_second(
    acme: Tenant, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the stamp in Redis alone: this process is kept from forgetting by itself."""
    settings.CACHE_READS = True
    assert not is_on(NEW, tenant=acme)
    monkeypatch.setattr(flags, "forget", lambda: None)
    flag_set(actor=SYSTEM, code=NEW, mode=FlagMode.ON, reason="A test")
    changed_s = time.monotonic()
    while not is_on(NEW, tenant=acme):
        assert time.monotonic() - changed_s < 1
        time.sleep(0.02)
    statements = CaptureQueriesContext(connection)
    time.sleep(flags.REFRESH_S)
    with statements:
        assert is_on(NEW, tenant=acme)
    assert len(statements) == 0


def test_without_redis_and_database_what_was_known_holds(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from redis.exceptions import ConnectionError as RedisConnectionError

    class Gone:
        def rules(self) -> Any:
            raise RedisConnectionError("gone")

    decide(FlagMode.ON)
    assert is_on(NEW, tenant=acme)
    monkeypatch.setattr(flags, "_source", Gone())
    time.sleep(flags.REFRESH_S)
    assert is_on(NEW, tenant=acme)
    flags.forget()
    assert not is_on(NEW, tenant=acme), "a new process knows the defaults only"


def test_whoever_speaks_openfeature_gets_the_same(acme: Tenant) -> None:
    decide(FlagMode.TARGETED, percent=100)
    client = openfeature.get_client(domain=flags.DOMAIN)
    context = EvaluationContext(str(acme.id), {"tenant_id": str(acme.id)})
    details = client.get_boolean_details(NEW, False, context)
    assert (details.value, details.reason, details.variant) == (True, Reason.SPLIT, "on")
    assert client.get_string_value(NEW, "x", context) == "x"
    assert client.get_boolean_value("tests.unknown", True) is True


def test_templates_ask_too(acme: Tenant) -> None:
    page = Template('{% load flags %}{% flag "tests.old" as is_old %}{{ is_old }}')
    with tenant_context(acme):
        assert page.render(Context({"request": RequestFactory().get("/")})) == "True"


def test_what_programs_may_know() -> None:
    assert NEW not in flags_on()
    decide(FlagMode.ON)
    assert NEW in flags_on()
    assert OLD not in flags_on()


def test_every_decision_is_told_and_has_a_reason(acme: Tenant) -> None:
    decide(FlagMode.TARGETED, percent=20)
    event = OutboxEvent.objects.get(name="adoption.flag_changed")
    row = FlagRule.objects.get()
    assert event.payload == {
        "flag_id": str(row.id),
        "code": NEW,
        "mode": "targeted",
        "percent": 20,
        "plans": "",
        "on": 0,
        "off": 0,
        "tenant_id": None,
        "reason": "A test",
    }
    assert (row.actor, row.reason) == ("system:tests", "A test")


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"mode": "on", "reason": " "}, InvalidInput),
        ({"mode": "sometimes", "reason": "x"}, InvalidInput),
        ({"mode": "targeted", "percent": 101, "reason": "x"}, InvalidInput),
        ({"mode": "targeted", "percent": -1, "reason": "x"}, InvalidInput),
        ({"mode": "on", "reason": "x", "code": "tests.unknown"}, NotFound),
    ],
)
def test_what_is_refused_changes_nothing(values: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        flag_set(**{"actor": SYSTEM, "code": NEW, **values})
    assert not FlagRule.objects.exists()


def test_staff_only(owner: Actor, acme: Tenant) -> None:
    acts: list[Callable[[], Any]] = [
        lambda: flag_set(actor=owner, code=NEW, mode="on", reason="x"),
        lambda: flag_tenant_set(actor=owner, code=NEW, tenant_id=acme.id, is_on=True, reason="x"),
        lambda: flag_preview(owner, code=NEW, mode="on"),
    ]
    for act in acts:
        with pytest.raises(PermissionDenied):
            act()


def test_tenants_that_are_gone_are_named_no_more(acme: Tenant, globex: Tenant) -> None:
    with pytest.raises(NotFound):
        flag_tenant_set(actor=SYSTEM, code=NEW, tenant_id=uuid.UUID(int=1), is_on=True, reason="x")
    for tenant in (acme, globex):
        flag_tenant_set(actor=SYSTEM, code=NEW, tenant_id=tenant.id, is_on=True, reason="x")
    for _ in range(2):
        flags_forget_tenant(acme.id)
    assert FlagRule.objects.get().on == [globex.id]


def test_a_code_has_a_form() -> None:
    declare_flags(Flag("Nonsense", "x", "x"))
    assert [error.id for error in check_flags()] == ["adoption.E004"]
