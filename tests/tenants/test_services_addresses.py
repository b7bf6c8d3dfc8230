"""Changing a workspace's subdomain."""

import threading

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.access import of_system_role, permissions
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied, PlatformError
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.tenants.models import Domain, Tenant
from apps.tenants.selectors import tenant_by_host, tenant_by_slug
from apps.tenants.services import MAX_DOMAINS, domain_remove, tenant_create, tenant_readdress
from tests.tenants.conftest import Published
from tests.tenants.test_services import HOSTILE_SLUGS

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")


def hosts(tenant: Tenant) -> list[str]:
    return sorted(
        Domain.objects.filter(tenant=tenant, verified_at__isnull=False).values_list(
            "domain", flat=True
        )
    )


def test_the_new_subdomain_leads_here_and_the_old_one_still_does(
    acme: Tenant, owner: Actor, published: Published
) -> None:
    schema = acme.schema_name
    moved = tenant_readdress(actor=owner, tenant_id=acme.id, slug=" Acme-Works ")
    assert (moved.slug, moved.host, moved.schema_name) == (
        "acme-works",
        "acme-works.localhost",
        schema,
    )
    assert moved.url("/members/") == "http://acme-works.localhost:8000/members/"
    assert hosts(acme) == ["acme-works.localhost", "acme.localhost"]
    assert [d.domain for d in Domain.objects.filter(tenant=acme) if d.is_alias] == [
        "acme.localhost"
    ]
    for found in (
        tenant_by_slug("acme"),
        tenant_by_slug("acme-works"),
        tenant_by_host("acme.localhost"),
        tenant_by_host("acme-works.localhost"),
    ):
        assert found is not None
        assert (found.id, found.slug) == (acme.id, "acme-works")
    entry = acme.history.first()
    assert entry is not None
    assert (entry.action, entry.actor, entry.reason) == (
        "readdressed",
        "alice@acme.test",
        "acme → acme-works",
    )
    assert published() == [
        (
            "tenants.tenant_readdressed",
            {"tenant_id": str(acme.id), "old_slug": "acme", "slug": "acme-works"},
        )
    ]


def test_the_same_slug_changes_nothing(acme: Tenant, owner: Actor, published: Published) -> None:
    assert tenant_readdress(actor=owner, tenant_id=acme.id, slug="ACME").slug == "acme"
    assert (hosts(acme), published()) == (["acme.localhost"], [])


def test_back_and_forth(acme: Tenant, owner: Actor) -> None:
    for slug in ("acme-works", "acme", "acme-works"):
        tenant_readdress(actor=owner, tenant_id=acme.id, slug=slug)
    acme.refresh_from_db()
    assert acme.slug == "acme-works"
    assert hosts(acme) == ["acme-works.localhost", "acme.localhost"]


def test_a_primary_domain_stays_primary(acme: Tenant, owner: Actor) -> None:
    Domain.objects.create(tenant=acme, domain="work.acme.test", verified_at=timezone.now())
    Tenant.objects.filter(id=acme.id).update(primary_host="work.acme.test")
    assert tenant_readdress(actor=owner, tenant_id=acme.id, slug="acme-works").host == (
        "work.acme.test"
    )


@pytest.mark.parametrize("slug", [*HOSTILE_SLUGS, "globex", "initech"])
def test_what_cannot_be_an_address_or_is_taken(
    acme: Tenant, globex: Tenant, owner: Actor, published: Published, slug: str
) -> None:
    """initech is globex's old address."""
    with tenant_context(None):
        tenant_readdress(actor=SYSTEM, tenant_id=globex.id, slug="initech")
        tenant_readdress(actor=SYSTEM, tenant_id=globex.id, slug="globex")
    before = len(published())
    with pytest.raises(InvalidInput) as caught:
        tenant_readdress(actor=owner, tenant_id=acme.id, slug=slug)
    assert caught.value.errors[0].attr == "slug"
    if slug in ("globex", "initech"):
        assert caught.value.code == "slug_taken"
        assert "globex" not in str(caught.value.detail)
    acme.refresh_from_db()
    assert (acme.slug, hosts(acme), len(published())) == ("acme", ["acme.localhost"], before)


def test_an_old_address_is_reserved_until_it_is_released(
    acme: Tenant, owner: Actor, charlie: Person
) -> None:
    tenant_readdress(actor=owner, tenant_id=acme.id, slug="acme-works")

    def create() -> Tenant:
        with tenant_context(None):
            return tenant_create(actor=SYSTEM, name="New", slug="acme", owner_person_id=charlie.id)

    with pytest.raises(InvalidInput) as caught:
        create()
    assert caught.value.code == "slug_taken"
    domain_remove(actor=owner, domain_id=Domain.objects.get(domain="acme.localhost").id)
    assert tenant_by_slug("acme") is None
    created = create()
    assert tenant_by_slug("acme") == created


def test_who_may(acme: Tenant, globex: Tenant, owner: Actor, member: Actor, staff: Person) -> None:
    with pytest.raises(PermissionDenied) as caught:
        tenant_readdress(actor=member, tenant_id=acme.id, slug="mine")
    assert "“Manage addresses” (tenants.manage_domains)" in str(caught.value.detail)
    with pytest.raises(NotFound):
        tenant_readdress(actor=owner, tenant_id=globex.id, slug="mine")
    with tenant_context(None):
        with pytest.raises(NotFound):
            tenant_readdress(actor=owner, tenant_id=acme.id, slug="mine")
    with tenant_context(None):
        assert set(Tenant.objects.values_list("slug", flat=True)) == {"acme", "globex"}
        moved = tenant_readdress(
            actor=Actor.staff(staff.id, staff.email),
            tenant_id=acme.id,
            slug="acme-works",
            reason=" Trade mark ",
        )
        entry = moved.history.first()
    assert entry is not None
    assert (entry.actor, entry.reason) == ("staff@platform.test", "acme → acme-works: Trade mark")


def test_the_permission_is_the_admins_and_dangerous() -> None:
    permission = permissions()["tenants.manage_domains"]
    assert (permission.dangerous, permission.scoped) == (True, False)
    holders = {
        code for code in ("owner", "admin", "member") if permission.code in of_system_role(code)
    }
    assert holders == {"owner", "admin"}


@pytest.mark.parametrize("status", ["pending", "provisioning", "failed", "deleting"])
def test_not_before_it_is_ready_nor_when_it_goes(acme: Tenant, status: str) -> None:
    Tenant.objects.filter(id=acme.id).update(status=status)
    with pytest.raises(Conflict) as caught:
        tenant_readdress(actor=SYSTEM, tenant_id=acme.id, slug="acme-works")
    assert caught.value.code == "tenant_state"
    assert hosts(acme) == ["acme.localhost"]


def test_names_are_not_collected_without_end(acme: Tenant, owner: Actor) -> None:
    for number in range(MAX_DOMAINS):
        tenant_readdress(actor=owner, tenant_id=acme.id, slug=f"acme-{number}")
    with pytest.raises(Conflict) as caught:
        tenant_readdress(actor=owner, tenant_id=acme.id, slug="acme-more")
    assert caught.value.code == "too_many_domains"
    assert len(hosts(acme)) == MAX_DOMAINS + 1
    # Back to one of its own needs no room.
    tenant_readdress(actor=owner, tenant_id=acme.id, slug="acme")
    assert len(hosts(acme)) == MAX_DOMAINS + 1


class TestRaces:
    pytestmark = pytest.mark.django_db(transaction=True)

    def race(self, *acts: object) -> list[str]:
        barrier = threading.Barrier(len(acts))
        outcomes: list[str] = []

        def work(act: object) -> None:
            barrier.wait()
            try:
                act()  # type: ignore[operator]
                outcomes.append("done")
            except PlatformError as error:
                outcomes.append(error.code)
            except DatabaseError as error:
                outcomes.append(repr(error))
            finally:
                connection.close()

        threads = [threading.Thread(target=work, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(outcomes)

    def move(self, tenant: Tenant, person: Person, slug: str) -> None:
        with tenant_context(tenant):
            tenant_readdress(actor=actor_for(person), tenant_id=tenant.id, slug=slug)

    def test_two_tenants_take_the_same_slug(
        self, acme: Tenant, globex: Tenant, alice: Person, charlie: Person
    ) -> None:
        outcomes = self.race(
            lambda: self.move(acme, alice, "initech"),
            lambda: self.move(globex, charlie, "initech"),
            lambda: tenant_create(
                actor=SYSTEM, name="New", slug="initech", owner_person_id=charlie.id
            ),
        )
        assert outcomes == ["done", "slug_taken", "slug_taken"]
        assert Tenant.objects.filter(slug="initech").count() == 1
        assert Domain.objects.filter(domain="initech.localhost").count() == 1

    def test_two_tenants_want_each_others_slug(
        self, acme: Tenant, globex: Tenant, alice: Person, charlie: Person
    ) -> None:
        outcomes = self.race(
            lambda: self.move(acme, alice, "globex"), lambda: self.move(globex, charlie, "acme")
        )
        assert outcomes == ["slug_taken", "slug_taken"]
        assert sorted(Tenant.objects.values_list("slug", flat=True)) == ["acme", "globex"]

    def test_one_tenant_is_moved_twice_at_once(self, acme: Tenant, alice: Person) -> None:
        outcomes = self.race(
            lambda: self.move(acme, alice, "acme-one"), lambda: self.move(acme, alice, "acme-two")
        )
        assert outcomes == ["done", "done"]
        assert hosts(acme) == ["acme-one.localhost", "acme-two.localhost", "acme.localhost"]
        acme.refresh_from_db()
        assert acme.slug in ("acme-one", "acme-two")
