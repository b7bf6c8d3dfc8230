"""The last one is given once, with threads and real commits."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from apps.billing.models import UsageCounter, UsageRecord
from apps.common import entitlements
from apps.common.actors import Actor
from apps.common.errors import PlatformError
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.models import Invitation, Organization
from apps.organizations.services import invitation_create
from apps.roles.models import ApiKey, Role
from apps.tenants.models import Tenant
from tests.conftest import Entitle
from tests.roles.support import make_key

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 20


def at_once(acme: Tenant, act: Callable[[int], object]) -> list[str]:
    """What becomes of AT_ONCE calls in threads of their own: codes of refusals, or ""."""
    barrier, outcomes = threading.Barrier(AT_ONCE), []

    def work(number: int) -> None:
        barrier.wait()
        try:
            with tenant_context(acme):
                act(number)
            outcomes.append("")
        except PlatformError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


def one_of(outcomes: list[str]) -> bool:
    return outcomes == ["", *["entitlement_exceeded"] * (AT_ONCE - 1)]


def test_twenty_invite_for_the_last_seat(
    acme: Tenant,
    owner: Actor,
    root: Organization,
    role: Callable[[str], Role],
    entitle: Entitle,
) -> None:
    entitle({"organizations.seats": 3})
    role_ids = [role("member").id]

    def invite(number: int) -> None:
        invitation_create(
            actor=owner,
            email=f"p{number}@b.test",
            role_ids=role_ids,
            organization_id=root.id,
        )

    assert one_of(at_once(acme, invite))
    assert Invitation.objects.count() == 1


def test_twenty_make_the_last_key(acme: Tenant, owner: Actor, entitle: Entitle) -> None:
    """Here nothing but the gate makes them wait for each other."""
    entitle({"roles.api_keys": 1})
    assert one_of(at_once(acme, lambda number: make_key(owner, f"Key {number}")))
    assert ApiKey.objects.count() == 1


def test_a_soft_limit_is_crossed_once(acme: Tenant, owner: Actor, entitle: Entitle) -> None:
    entitle({"roles.api_keys": 10}, is_soft=True)
    assert at_once(acme, lambda number: make_key(owner, f"Key {number}")) == [""] * AT_ONCE
    told = OutboxEvent.objects.filter(name__startswith="billing.limit_").order_by("position")
    assert [(one.name, one.payload["used"]) for one in told] == [
        ("billing.limit_neared", 8),
        ("billing.limit_exceeded", 11),
    ]


def test_metered_uses_are_counted_once_and_up_to_the_limit(acme: Tenant, entitle: Entitle) -> None:
    entitle({"tenants.exports": 7})

    def use(number: int, **kwargs: Any) -> None:
        with transaction.atomic():
            entitlements.record(acme, "tenants.exports", key=f"export {number % 10}", **kwargs)

    # Ten keys, each twice; seven of them fit.
    outcomes = at_once(acme, use)
    assert UsageCounter.objects.get().used == UsageRecord.objects.count() == 7
    assert outcomes.count("") >= 7
    assert set(outcomes) == {"", "entitlement_exceeded"}
    # Who was counted is counted no more, and refused no more.
    for key in UsageRecord.objects.values_list("key", flat=True):
        with transaction.atomic():
            assert not entitlements.record(acme, "tenants.exports", key=key)
    assert UsageCounter.objects.get().used == 7
