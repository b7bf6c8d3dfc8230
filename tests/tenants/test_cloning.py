"""A sandbox: all rows of its source, nobody's data, one real member, and no mail to anybody."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.models import Person, TenantMembership
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.files import tenant_files
from apps.common.ids import uuid7
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from apps.organizations.invitation_tokens import token_make
from apps.organizations.models import Invitation, Member, Organization, RoleBinding
from apps.organizations.services import (
    invitation_accept,
    invitation_create,
    invitation_resend,
    organization_create,
)
from apps.roles.models import ApiKey, Role
from apps.roles.selectors import role_by_code
from apps.roles.services import api_key_rotate
from apps.tenants import cloning
from apps.tenants.models import Tenant
from apps.tenants.provisioning import provision
from apps.tenants.services import tenant_clone
from tests.conftest import SYSTEM, World
from tests.roles.support import answer, by_key, make_key
from tests.tenants.test_schemas import catalogue, migrations

pytestmark = pytest.mark.django_db

SECRETS = ("alice", "bob", "dana", "archer", "baker", "acme.test")


@pytest.fixture
def source(world: World, settings: Any) -> Iterator[Tenant]:
    """acme with a unit, a custom role, a removed member, and invitations in every state."""
    with tenant_context(world.acme):
        alice = actor_for(world.alice)
        root = Organization.objects.get(depth=1)
        unit = organization_create(actor=SYSTEM, name="Unit", parent_id=root.id)
        Role.objects.create(code="reviewer", name="Reviewer", permissions=["roles.view_role"])
        member = role_by_code("member")
        for number, state in enumerate(("open", "accepted", "revoked", "expired")):
            invitation = invitation_create(
                actor=alice,
                email=f"dana{number}@acme.test",
                role_ids=[member.id],
                organization_id=unit.id,
            )
            changes: dict[str, Any] = {
                "open": {"sent_at": timezone.now()},
                "accepted": {
                    "accepted_at": timezone.now(),
                    "member": Member.objects.get(person_id=world.bob.id),
                },
                "revoked": {"revoked_at": timezone.now()},
                "expired": {"expires_at": timezone.now() - timedelta(days=1)},
            }[state]
            Invitation.objects.filter(id=invitation.id).update(**changes)
        make_key(alice, "Import", networks=["127.0.0.1"])
        tenant_files.save("a.txt", ContentFile(b"a"))
    return world.acme


@pytest.fixture
def clone(source: Tenant, charlie: Person) -> Tenant:
    made = ask(source, charlie)
    assert provision(made.id), Tenant.objects.get(id=made.id).last_error
    made.refresh_from_db()
    return made


def ask(source: Tenant, owner: Person, slug: str = "acme-sandbox", actor: Actor = SYSTEM) -> Tenant:
    return tenant_clone(
        actor=actor, tenant_id=source.id, slug=slug, name="Trial", owner_person_id=owner.id
    )


def everything(tenant: Tenant) -> str:
    """Every row of every table as text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'",
            [tenant.schema_name],
        )
        rows = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{tenant.schema_name}"."{table}" t')
            rows += [f"{table} {row}" for (row,) in cursor.fetchall()]
    return "\n".join(sorted(rows)).lower()


def test_asking_makes_a_tenant_that_knows_its_source(source: Tenant, charlie: Person) -> None:
    made = ask(source, charlie)
    assert (made.status, made.cloned_from_id, made.is_sandbox) == ("pending", source.id, True)
    assert (made.name, made.owner_person_id) == ("Trial", charlie.id)
    assert [(e.action, e.reason) for e in source.history.all()[:1]] == [
        ("copied", "to acme-sandbox")
    ]
    assert {(e.action, e.reason) for e in made.history.all()} == {
        ("created", ""),
        ("copied", "from acme"),
    }
    event = OutboxEvent.objects.get(name="tenants.tenant_requested", tenant_id=made.id)
    assert event.payload["slug"] == "acme-sandbox"


def test_it_has_the_same_tables_and_rows_and_goes_on(source: Tenant, clone: Tenant) -> None:
    assert (clone.status, clone.steps_done) == (
        "ready",
        ["schema", "plan", "roles", "organization", "owner", "onboarding"],
    )
    assert catalogue(clone.schema_name) == catalogue(source.schema_name)
    assert migrations(clone.schema_name) == migrations(source.schema_name)
    models = (Organization, Role, Member, RoleBinding, Invitation)
    counts = []
    for tenant in (source, clone):
        with tenant_context(tenant):
            counts.append([model.objects.count() for model in models])
    # The owner and their binding come to it.
    assert counts == [[2, 6, 2, 2, 4], [2, 6, 3, 3, 4]]
    with tenant_context(source), connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM django_migrations")
        last = cursor.fetchone()[0]
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{clone.schema_name}".django_migrations (app, name, applied) '
            "VALUES ('x', 'y', now()) RETURNING id"
        )
        assert cursor.fetchone()[0] == last + 1


def test_nobody_can_be_recognised(source: Tenant, clone: Tenant, world: World) -> None:
    text = everything(clone)
    for secret in (*SECRETS, str(world.alice.id), str(world.bob.id)):
        assert secret in everything(source)
        assert secret not in text, secret
    # Who asked for it is there.
    assert str(world.charlie.id) in text
    with tenant_context(clone):
        names = set(Member.objects.exclude(person_id=world.charlie.id).values_list("name", "email"))
        nonces = set(Invitation.objects.values_list("nonce", flat=True))
    assert len(names) == 2
    assert all(n.startswith("Person ") and e.endswith("@masked.invalid") for n, e in names)
    with tenant_context(source):
        assert nonces.isdisjoint(Invitation.objects.values_list("nonce", flat=True))


def test_what_is_not_about_people_stays(source: Tenant, clone: Tenant) -> None:
    with tenant_context(clone):
        assert [o.name for o in Organization.objects.all()] == ["Trial", "Unit"]
        assert Role.objects.get(code="reviewer").permissions == ["roles.view_role"]
        assert {m.status for m in Member.objects.all()} == {"active"}
        accepted = Invitation.objects.get(accepted_at__isnull=False)
        assert accepted.member is not None
        assert accepted.revoked_at is None


def test_two_copies_have_nothing_in_common(source: Tenant, clone: Tenant, charlie: Person) -> None:
    second = ask(source, charlie, "acme-second")
    assert provision(second.id)
    found = []
    for tenant in (clone, second):
        with tenant_context(tenant):
            others = Member.objects.exclude(person_id=charlie.id)
            found.append(
                {value for row in others.values_list("person_id", "email") for value in row}
            )
    assert len(found[0]) == 4
    assert found[0].isdisjoint(found[1])


def test_only_its_owner_gets_in(source: Tenant, clone: Tenant, world: World) -> None:
    people = TenantMembership.objects.filter(tenant=clone).values_list("person_id", flat=True)
    assert list(people) == [world.charlie.id]
    with tenant_context(clone):
        assert actor_for(world.charlie).grants[0].role == "owner"
        for person in (world.alice, world.bob):
            with pytest.raises(NotFound):
                actor_for(person)


def test_no_invitation_ever_leaves(source: Tenant, clone: Tenant, world: World) -> None:
    drain_once()
    mail.outbox.clear()
    with tenant_context(clone):
        states = [invitation.status for invitation in Invitation.objects.order_by("id")]
        assert states == ["revoked", "accepted", "revoked", "revoked"]
        charlie = actor_for(world.charlie)
        for invitation in Invitation.objects.all():
            with pytest.raises(Conflict):
                invitation_resend(actor=charlie, invitation_id=invitation.id)
        first = Invitation.objects.order_by("id").first()
        assert first is not None
    # Nor does the link that the source sent open the copy.
    with tenant_context(source):
        nonce = Invitation.objects.get(id=first.id).nonce
    forged = token_make(clone.id, first.id, nonce)
    person = Person.objects.create_user("dana0@acme.test", None, name="Dana")
    with pytest.raises(PermissionDenied):
        invitation_accept(person=person, token=forged)
    drain_once()
    assert mail.outbox == []


def test_no_key_works_in_it_nor_in_two_places(source: Tenant, charlie: Person) -> None:
    """Not even one that is made up of the copy's id and the source's secret, which is not there."""
    with tenant_context(source):
        alice = Actor.system("tests")
        live = make_key(alice, "Live")
        api_key_rotate(actor=alice, api_key_id=live.key.id, overlap_s=3600)
        original = ApiKey.objects.get(name="Live")
    copy = ask(source, charlie, "acme-keys")
    assert provision(copy.id)
    with tenant_context(copy):
        keys = list(ApiKey.objects.order_by("id"))
        assert [key.name for key in keys] == ["Import", "Live"]
        for key in keys:
            assert key.state == "revoked"
            assert (key.digest, key.previous_digest, key.networks) == (None, None, [])
            assert key.hint == "Masked"
    copied = everything(copy)
    for secret in (original.digest, original.previous_digest, original.hint.lower()):
        assert secret is not None
        assert secret not in copied
    assert answer(by_key(live.text)) == (200, "")
    assert answer(by_key(live.text, **{"X-Tenant": "acme-keys"})) == (404, "not_found")


def test_files_are_not_copied_and_the_source_is_as_before(source: Tenant, charlie: Person) -> None:
    before = everything(source)
    made = ask(source, charlie)
    assert provision(made.id)
    assert everything(source) == before
    with tenant_context(made):
        assert list(tenant_files.walk()) == []
    with tenant_context(source):
        assert list(tenant_files.walk()) == ["a.txt"]


def test_a_copy_can_be_copied(clone: Tenant, charlie: Person) -> None:
    second = ask(clone, charlie, "acme-third")
    assert provision(second.id)
    with tenant_context(second):
        # charlie is real in it once, and masked as the first copy's owner.
        assert Member.objects.count() == 4
        assert Member.objects.filter(email="charlie@globex.test").count() == 1


class TestRefusals:
    def test_members_may_not(self, source: Tenant, world: World) -> None:
        with tenant_context(source):
            alice = actor_for(world.alice)
        with pytest.raises(PermissionDenied):
            ask(source, world.alice, actor=alice)
        assert not Tenant.objects.filter(slug="acme-sandbox").exists()

    @pytest.mark.parametrize("status", ["pending", "suspended", "archived", "deleting", "failed"])
    def test_only_a_ready_source(self, source: Tenant, charlie: Person, status: str) -> None:
        Tenant.objects.filter(id=source.id).update(status=status)
        with pytest.raises(Conflict) as caught:
            ask(source, charlie)
        assert caught.value.code == "source_not_ready"
        assert not Tenant.objects.filter(slug="acme-sandbox").exists()

    def test_an_outdated_source_is_to_be_migrated_first(
        self, source: Tenant, charlie: Person
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM \"{source.schema_name}\".django_migrations WHERE app = 'roles'"
            )
        with pytest.raises(Conflict, match="migrate_tenants") as caught:
            ask(source, charlie)
        assert caught.value.code == "source_outdated"

    def test_views_cannot_be_copied(self, source: Tenant, charlie: Person) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE VIEW "{source.schema_name}".odd AS SELECT 1')
        with pytest.raises(Conflict, match="odd"):
            ask(source, charlie)

    def test_bad_names_and_missing_tenants(self, source: Tenant, charlie: Person) -> None:
        with pytest.raises(InvalidInput):
            ask(source, charlie, "acme")
        with pytest.raises(NotFound):
            ask(Tenant(id=uuid7()), charlie)

    def test_a_table_that_nobody_declared_stops_it(self, source: Tenant, charlie: Person) -> None:
        made = ask(source, charlie)
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE TABLE "{source.schema_name}".odd (secret text)')
        assert provision(made.id) is False
        made.refresh_from_db()
        assert "Nobody declared what may be copied of the table odd." in made.last_error
        assert made.steps_done == []

    def test_a_column_that_nobody_knows_is_left_out_or_stops_it(
        self, source: Tenant, charlie: Person
    ) -> None:
        table = f'"{source.schema_name}".organizations_member'
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} ADD COLUMN odd text DEFAULT 'empty'")
            cursor.execute(f"UPDATE {table} SET odd = 'alice'")
        made = ask(source, charlie)
        assert provision(made.id) is True
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT DISTINCT odd FROM "{made.schema_name}".organizations_member')
            assert cursor.fetchall() == [("empty",)]
            cursor.execute(
                f"ALTER TABLE {table} ALTER COLUMN odd DROP DEFAULT, ALTER COLUMN odd SET NOT NULL"
            )
        second = ask(source, charlie, "acme-second")
        assert provision(second.id) is False
        second.refresh_from_db()
        assert "organizations_member.odd" in second.last_error

    def test_a_source_that_changed_meanwhile(self, source: Tenant, charlie: Person) -> None:
        made = ask(source, charlie)
        Tenant.objects.filter(id=source.id).update(status="suspended")
        assert provision(made.id) is False
        made.refresh_from_db()
        assert "Only a ready workspace can be copied; acme is suspended." in made.last_error
        Tenant.objects.filter(id=source.id).update(status="ready")
        assert provision(made.id) is True

    def test_a_source_that_is_gone(self, source: Tenant, charlie: Person) -> None:
        made = ask(source, charlie)
        Tenant.objects.filter(id=made.id).update(cloned_from_id=uuid7())
        assert provision(made.id) is False
        made.refresh_from_db()
        assert "The workspace to copy does not exist any more." in made.last_error


def test_the_salt_is_gone_with_the_transaction(source: Tenant, charlie: Person) -> None:
    made = ask(source, charlie)
    with transaction.atomic():
        cloning.sandbox_schema_create(made)
        assert len(salt()) == 72
        transaction.set_rollback(True)
    assert salt() == ""


def salt() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.mask_salt', true)")
        return cursor.fetchone()[0] or ""
