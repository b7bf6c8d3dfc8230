from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apps.accounts.models import Person
from apps.accounts.selectors import person_by_email
from apps.accounts.services import person_create
from apps.billing import catalogue
from apps.billing.selectors import plan_of, version_of
from apps.billing.services import catalogue_load, plan_assign
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.organizations.models import Organization
from apps.organizations.services import (
    invitation_create,
    member_join,
    organization_create,
    root_ensure,
)
from apps.roles.selectors import role_by_code
from apps.sandbox.demo_credits import credits_fill
from apps.sandbox.push.demo import browser_give
from apps.sandbox.stripe.demo import endpoint_ensure
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant
from apps.tenants.provisioning import provision
from apps.tenants.selectors import tenant_by_slug
from apps.tenants.services import tenant_create, tenant_retry

ACTOR = Actor.system("demo")
PASSWORD = "wrapper-demo"  # noqa: S105 - the demo's published password
TREE = {"Sales": ["North", "South"], "Engineering": ["Platform", "Apps"], "Finance": []}


class Command(BaseCommand):
    help = "Create the demo's people and workspaces. Safe to repeat: what is there stays as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        alice = self._person("alice@acme.test", "Alice Archer")
        bob = self._person("bob@acme.test", "Bob Baker")
        charlie = self._person("charlie@globex.test", "Charlie Chen")
        self._person("staff@platform.test", "Sam Staff", is_staff=True)
        # Some acts take a second person.
        self._person("second@platform.test", "Robin Reyes", is_staff=True)
        catalogue_load(
            actor=ACTOR,
            plans=catalogue.PLANS,
            add_ons=catalogue.ADD_ONS,
            packs=catalogue.PACKS,
        )
        acme = self._tenant("acme", "Acme Industries", alice)
        globex = self._tenant("globex", "Globex", charlie)
        self._plan(acme, "business")
        self._plan(globex, "starter")
        with tenant_context(acme), transaction.atomic():
            self._fill_acme(acme, alice, bob)
            credits_fill()
        endpoint_ensure()

    def _person(self, email: str, name: str, *, is_staff: bool = False) -> Person:
        found = person_by_email(email)
        if found is not None:
            return found
        return person_create(
            actor=ACTOR, email=email, name=name, password=PASSWORD, is_staff=is_staff
        )

    def _tenant(self, slug: str, name: str, owner: Person) -> Tenant:
        tenant = tenant_by_slug(slug)
        if tenant is None:
            tenant = tenant_create(actor=ACTOR, name=name, slug=slug, owner_person_id=owner.id)
        elif tenant.status == TenantStatus.FAILED:
            tenant = tenant_retry(actor=ACTOR, tenant_id=tenant.id)
        if tenant.status in (TenantStatus.PENDING, TenantStatus.PROVISIONING):
            provision(tenant.id)
            tenant.refresh_from_db()
            if not tenant.is_ready:
                raise CommandError(f"{slug} could not be provisioned:\n{tenant.last_error}")
        return tenant

    def _plan(self, tenant: Tenant, code: str) -> None:
        """In place of the one that new tenants begin with; what somebody chose stays."""
        held = plan_of(tenant.id)
        if held is None or held.plan_version.plan.is_default:
            plan_assign(actor=ACTOR, tenant_id=tenant.id, plan_version_id=version_of(code).id)

    def _fill_acme(self, acme: Tenant, alice: Person, bob: Person) -> None:
        root = root_ensure(acme.name)
        if Organization.objects.count() > 1:
            return
        made = {}
        for name, children in TREE.items():
            made[name] = organization_create(actor=ACTOR, name=name, parent_id=root.id)
            for child in children:
                made[child] = organization_create(actor=ACTOR, name=child, parent_id=made[name].id)
        member = role_by_code("member")
        member_join(actor=ACTOR, person=bob, organization=root, roles=[member])
        invitation_create(
            actor=actor_for(alice),
            email="dana@acme.test",
            role_ids=[member.id],
            organization_id=made["North"].id,
        )
        browser_give(actor_for(alice))
