"""Plans from code into the database, in versions; and what the console does to them."""

from dataclasses import replace
from typing import Any

import pytest

from apps.billing import catalogue
from apps.billing.declarations import PriceTerms, Terms, gives, soft
from apps.billing.enums import Interval
from apps.billing.models import AddOn, Plan, PlanEntitlement, PlanVersion, Price
from apps.billing.selectors import plans_public, version_of, versions_sold
from apps.billing.services import (
    add_on_set,
    catalogue_load,
    plan_retire,
    version_discard,
    version_draft,
    version_publish,
    version_retire,
)
from apps.common.actors import Actor
from apps.common.entitlements import Granted
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.tenants.models import Tenant
from tests.api.client import MISSING
from tests.billing.conftest import Assign, Published
from tests.conftest import SYSTEM

pytestmark = pytest.mark.django_db
STARTER = catalogue.PLANS[1]


def load(*plans: Any, add_ons: Any = (), **kwargs: Any) -> list[tuple[str, str]]:
    changes = catalogue_load(actor=SYSTEM, plans=plans, add_ons=add_ons, **kwargs)
    return [(one.code, one.what) for one in changes]


def test_loaded_and_loaded_again(published: Published, sold: None) -> None:
    assert [str(one) for one in versions_sold()] == [
        "Free v1",
        "Starter v1",
        "Business v1",
        "Enterprise v1",
    ]
    starter = version_of("starter")
    assert [str(one) for one in starter.prices.order_by("currency", "interval")] == [
        "€9.00 a month per seat",
        "€90.00 a year per seat",
        "$10.00 a month per seat",
        "$100.00 a year per seat",
    ]
    assert (starter.trial_days, starter.credits_per_period_microcredits) == (14, 100_000_000)
    seats = version_of("business").planentitlements.get(code="organizations.seats")
    assert (seats.value, seats.is_soft) == (100, True)
    assert version_of("enterprise").planentitlements.get(code="roles.api_keys").value is None
    before = published()
    assert before.count("billing.plan_changed") == 6
    assert load(*catalogue.PLANS, add_ons=catalogue.ADD_ONS) == []
    assert (PlanVersion.objects.count(), published()) == (4, before)


def test_a_dry_run_changes_nothing(world: object, published: Published) -> None:
    assert load(STARTER, dry_run=True) == [("starter", "new: Starter"), ("starter", "version 1")]
    assert (Plan.objects.count(), published()) == (0, [])


def test_other_terms_are_another_version(acme: Tenant, assign: Assign) -> None:
    old = assign("starter")
    terms = replace(
        STARTER.terms,
        entitlements={**STARTER.terms.entitlements, "organizations.seats": soft(25)},
        trial_days=30,
    )
    changed = [replace(one, terms=terms) if one is STARTER else one for one in catalogue.PLANS]
    assert load(*changed, dry_run=True) == [
        (
            "starter",
            "version 2 with other terms (organizations.seats: 20 → 25 (soft); trial: 14 → 30 days)",
        )
    ]
    load(*changed)
    assert version_of("starter").number == 2
    acme.refresh_from_db()
    assert acme.assigned_plan.plan_version == old
    assert old.planentitlements.get(code="organizations.seats").value == 20
    # Words alone make none.
    renamed = [replace(one, name=f"{one.name}!") for one in changed]
    assert set(load(*renamed)) == {(one.code, "another name") for one in catalogue.PLANS}
    assert PlanVersion.objects.count() == 5


def test_another_default(sold: None) -> None:
    plans = [replace(one, is_default=one.code == "starter") for one in catalogue.PLANS]
    load(*plans)
    assert Plan.objects.get(is_default=True).code == "starter"


def test_add_ons_that_are_in_use_keep_their_terms(sold: None, acme: Tenant) -> None:
    add_on = AddOn.objects.get(code="seats_10")
    dearer = replace(catalogue.ADD_ONS[0], terms=Terms(entitlements=gives({"roles.api_keys": 1})))
    assert load(add_ons=[dearer], dry_run=True)[0][0] == "seats_10"
    add_on_set(actor=SYSTEM, tenant_id=acme.id, add_on_id=add_on.id, quantity=1)
    with pytest.raises(Conflict) as caught:
        load(add_ons=[dearer])
    assert caught.value.code == "add_on_in_use"
    assert add_on.planentitlements.get().code == "organizations.seats"
    add_on_set(actor=SYSTEM, tenant_id=acme.id, add_on_id=add_on.id, quantity=0)
    load(add_ons=[dearer])
    assert add_on.planentitlements.get().code == "roles.api_keys"


EUR = PriceTerms("EUR", Interval.MONTH, 900)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (Terms(prices=(replace(EUR, currency="EURO"),)), "prices"),
        (Terms(prices=(replace(EUR, amount_minor=-1),)), "prices"),
        (Terms(prices=(EUR, EUR)), "prices"),
        (Terms(trial_days=366), "trial_days"),
        (Terms(credits_per_period_microcredits=-1), "credits"),
        (Terms(entitlements=gives({"notes.notes": 1})), "entitlements"),
        (Terms(entitlements=gives({"organizations.seats": -1})), "entitlements"),
        (Terms(entitlements=gives({"accounts.single_sign_on": 2})), "entitlements"),
        (Terms(entitlements={"organizations.seats": Granted(None, True)}), "entitlements"),
        (Terms(entitlements={"accounts.single_sign_on": Granted(1, True)}), "entitlements"),
    ],
)
def test_terms_that_cannot_be(world: object, terms: Terms, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load(replace(STARTER, terms=terms))
    assert [one.attr for one in caught.value.errors] == [field]
    assert Plan.objects.count() == 0


def test_a_draft_is_nobodys_until_it_is_published(sold: None, published: Published) -> None:
    plan = Plan.objects.get(code="starter")
    before = len(published())
    draft = version_draft(actor=SYSTEM, plan_id=plan.id, terms=Terms(prices=(EUR,)))
    assert (draft.number, draft.state, version_of("starter").number) == (2, "draft", 1)
    with pytest.raises(Conflict) as caught:
        version_draft(actor=SYSTEM, plan_id=plan.id, terms=Terms())
    assert caught.value.code == "draft_exists"
    version_publish(actor=SYSTEM, plan_version_id=draft.id)
    assert version_of("starter") == draft
    for act in (version_publish, version_discard):
        with pytest.raises(Conflict):
            act(actor=SYSTEM, plan_version_id=draft.id)
    version_retire(actor=SYSTEM, plan_version_id=draft.id)
    assert version_of("starter").number == 1
    with pytest.raises(Conflict):
        version_retire(actor=SYSTEM, plan_version_id=draft.id)
    third = version_draft(actor=SYSTEM, plan_id=plan.id, terms=Terms(prices=(EUR,)))
    assert third.number == 3
    version_discard(actor=SYSTEM, plan_version_id=third.id)
    assert Price.objects.filter(plan_version=third.id).count() == 0
    assert published()[before:] == ["billing.plan_version_changed"] * 5


def test_retiring(sold: None) -> None:
    plan = Plan.objects.get(code="starter")
    plan_retire(actor=SYSTEM, plan_id=plan.id)
    assert [one.plan.code for one in plans_public()] == ["free", "business", "enterprise"]
    with pytest.raises(NotFound):
        version_of("starter")
    with pytest.raises(Conflict):
        plan_retire(actor=SYSTEM, plan_id=plan.id)
    free = version_of("free")
    for act in (
        lambda: plan_retire(actor=SYSTEM, plan_id=free.plan_id),
        lambda: version_retire(actor=SYSTEM, plan_version_id=free.id),
    ):
        with pytest.raises(Conflict) as caught:
            act()
        assert caught.value.code == "default_plan"
    # What is declared is sold again.
    load(*catalogue.PLANS)
    assert version_of("starter").number == 1


def test_only_the_platform_may(sold: None, owner: Actor) -> None:
    free = version_of("free")
    acts: list[Any] = [
        lambda: catalogue_load(actor=owner, plans=[], add_ons=[]),
        lambda: version_draft(actor=owner, plan_id=free.plan_id, terms=Terms()),
        lambda: version_publish(actor=owner, plan_version_id=free.id),
        lambda: version_retire(actor=owner, plan_version_id=free.id),
        lambda: version_discard(actor=owner, plan_version_id=free.id),
        lambda: plan_retire(actor=owner, plan_id=free.plan_id),
    ]
    for act in acts:
        with pytest.raises(PermissionDenied):
            act()
    assert PlanVersion.objects.count() == 4
    assert PlanEntitlement.objects.filter(plan_version=free).count() == 10


def test_what_is_not_there(sold: None) -> None:
    for act in (
        lambda: version_draft(actor=SYSTEM, plan_id=MISSING, terms=Terms()),
        lambda: version_publish(actor=SYSTEM, plan_version_id=MISSING),
        lambda: plan_retire(actor=SYSTEM, plan_id=MISSING),
    ):
        with pytest.raises(NotFound):
            act()
