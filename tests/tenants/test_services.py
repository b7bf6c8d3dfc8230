"""Creating tenants and moving them through their states."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.actors import Actor, ActorKind
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.tenants.models import Domain, Tenant
from apps.tenants.services import (
    TRANSITIONS,
    tenant_create,
    tenant_delete,
    tenant_rename,
    tenant_resume,
    tenant_retry,
    tenant_suspend,
)

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")

HOSTILE_SLUGS = [
    "", "a", "public", "pg-x", "pg_x", "www", "api", "-acme", "acme-", "a--b", "xn--acme", "1acme",
    "ac me", "acmé", "a" * 41, "a" * 64, "a'b", 'a"b', "a;b", "a.b", "a/b", "a\0b", "a\nb",
    "acme\n\n.",
]  # fmt: skip


def person_actor(person: Person) -> Actor:
    return Actor(ActorKind.PERSON, person.email, person_id=person.id)


def create(person: Person, slug: str, **kwargs: object) -> Tenant:
    return tenant_create(
        actor=person_actor(person), name="New", slug=slug, owner_person_id=person.id, **kwargs
    )


def test_create_reserves_the_address_and_asks_for_provisioning(charlie: Person) -> None:
    tenant = create(charlie, " NewCo ")
    assert (tenant.slug, tenant.status) == ("newco", "pending")
    assert tenant.schema_name == f"t_newco_{tenant.id.hex[-8:]}"
    assert [d.domain for d in tenant.domains.all()] == ["newco.localhost"]
    event = OutboxEvent.objects.get(name="tenants.tenant_requested", tenant_id=tenant.id)
    assert event.payload == {
        "tenant_id": str(tenant.id),
        "slug": "newco",
        "owner_person_id": str(charlie.id),
    }


@pytest.mark.parametrize("slug", HOSTILE_SLUGS)
def test_hostile_slugs_are_refused_beside_the_field(charlie: Person, slug: str) -> None:
    before = Tenant.objects.count()
    with pytest.raises(InvalidInput) as caught:
        create(charlie, slug)
    assert caught.value.errors[0].attr == "slug"
    assert Tenant.objects.count() == before


def test_a_taken_slug_is_refused(charlie: Person, acme: Tenant) -> None:
    with pytest.raises(InvalidInput) as caught:
        create(charlie, "acme")
    assert caught.value.code == "slug_taken"


@pytest.mark.parametrize(
    ("domain", "code"),
    [
        ("Shop.acme.test", "domain_taken"),
        ("acme.localhost", "domain_reserved"),
        ("1.2.3.4", "domain_invalid"),
    ],
)
def test_a_domain_that_cannot_be_had_is_refused_and_nothing_stays(
    charlie: Person, acme: Tenant, domain: str, code: str
) -> None:
    Domain.objects.create(tenant=acme, domain="shop.acme.test", verified_at=timezone.now())
    before = Domain.objects.count()
    with pytest.raises(InvalidInput) as caught:
        tenant_create(
            actor=SYSTEM,
            name="New",
            slug="newco",
            owner_person_id=charlie.id,
            domain=domain,
        )
    assert caught.value.code == code
    assert Domain.objects.count() == before
    assert not Tenant.objects.filter(slug="newco").exists()


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_want_the_same_slug_one_gets_it(charlie: Person) -> None:
    barrier = threading.Barrier(8)
    outcomes: list[str] = []

    def work() -> None:
        barrier.wait()
        try:
            tenant_create(actor=SYSTEM, name="New", slug="newco", owner_person_id=charlie.id)
            outcomes.append("created")
        except InvalidInput as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["created", *["slug_taken"] * 7]
    assert Tenant.objects.filter(slug="newco").count() == 1
    assert Domain.objects.filter(domain="newco.localhost").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_eight_at_once_a_person_gets_no_more_than_three(charlie: Person) -> None:
    barrier = threading.Barrier(8)
    outcomes: list[str] = []

    def work(number: int) -> None:
        barrier.wait()
        try:
            create(charlie, f"newco-{number}")
            outcomes.append("created")
        except Conflict as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [*["created"] * 3, *["too_many_unfinished"] * 5]


def test_people_create_for_themselves_only_and_not_without_end(
    alice: Person, charlie: Person
) -> None:
    with pytest.raises(PermissionDenied):
        tenant_create(
            actor=person_actor(alice), name="New", slug="newco", owner_person_id=charlie.id
        )
    for slug in ("one-co", "two-co", "three-co"):
        create(charlie, slug)
    with pytest.raises(Conflict) as caught:
        create(charlie, "four-co")
    assert caught.value.code == "too_many_unfinished"


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\0b", "a\u202eb"])
def test_bad_names_are_refused(charlie: Person, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        tenant_create(actor=SYSTEM, name=name, slug="newco", owner_person_id=charlie.id)
    assert caught.value.errors[0].attr == "name"


def test_suspend_and_resume_are_noted_with_who_and_why(acme: Tenant, staff: Person) -> None:
    actor = Actor.staff(staff.id, staff.email)
    tenant_suspend(actor=actor, tenant_id=acme.id, reason="unpaid")
    acme.refresh_from_db()
    assert (acme.status, acme.status_reason) == ("suspended", "unpaid")
    tenant_resume(actor=actor, tenant_id=acme.id, reason="paid")
    entries = [(str(e), e.actor, e.reason) for e in acme.history.all()[:2]]
    assert entries == [
        ("resumed: suspended → ready", "staff@platform.test", "paid"),
        ("suspended: ready → suspended", "staff@platform.test", "unpaid"),
    ]
    names = OutboxEvent.objects.filter(name="tenants.tenant_status_changed", tenant_id=acme.id)
    assert [e.payload["to_status"] for e in names.order_by("position")][-2:] == [
        "suspended",
        "ready",
    ]


def test_a_suspension_needs_a_reason(acme: Tenant) -> None:
    with pytest.raises(InvalidInput):
        tenant_suspend(actor=SYSTEM, tenant_id=acme.id, reason="  ")
    acme.refresh_from_db()
    assert acme.status == "ready"


def test_states_only_follow_the_chart(acme: Tenant) -> None:
    for act in (tenant_resume, tenant_retry):
        with pytest.raises(Conflict):
            act(actor=SYSTEM, tenant_id=acme.id)
    acme.refresh_from_db()
    assert acme.status == "ready"
    assert {s for targets in TRANSITIONS.values() for s in targets} == set(TRANSITIONS)


def test_tenants_are_not_run_by_their_people(acme: Tenant, owner: Actor) -> None:
    for act in (
        lambda: tenant_suspend(actor=owner, tenant_id=acme.id, reason="x"),
        lambda: tenant_resume(actor=owner, tenant_id=acme.id),
        lambda: tenant_delete(actor=owner, tenant_id=acme.id, reason="x"),
        lambda: tenant_retry(actor=owner, tenant_id=acme.id),
    ):
        with pytest.raises(PermissionDenied):
            act()
    acme.refresh_from_db()
    assert acme.status == "ready"


def test_rename_needs_the_permission_and_the_own_tenant(
    acme: Tenant, globex: Tenant, owner: Actor, member: Actor
) -> None:
    assert tenant_rename(actor=owner, tenant_id=acme.id, name="  Acme   Ltd ").name == "Acme Ltd"
    with pytest.raises(PermissionDenied):
        tenant_rename(actor=member, tenant_id=acme.id, name="Mine")
    with pytest.raises(NotFound):
        tenant_rename(actor=owner, tenant_id=globex.id, name="Mine")
    with tenant_context(None):
        globex.refresh_from_db()
    assert globex.name == "Globex"
