"""The data of `benchmarks.gateway`: a workspace with a page of members, among others, and who asks."""

from dataclasses import dataclass

from django.db import connection, transaction

from apps.accounts.models import TokenSession
from apps.accounts.token_sessions import token_session_start
from apps.accounts.tokens import access_token
from apps.billing.services import override_set
from apps.common.entitlements import Granted, entitlements
from apps.common.tenancy import tenant_context
from apps.organizations.entitlements import SEATS
from apps.organizations.models import Member, Organization, Placement, RoleBinding
from apps.organizations.services import binding_create, member_join, organization_create
from apps.organizations.services.placements import member_place
from apps.roles.models import Role
from apps.roles.selectors import role_by_code
from apps.tenants.models import Tenant
from apps.tenants.provisioning import provision
from apps.tenants.selectors import tenant_by_slug
from apps.tenants.services import tenant_create
from benchmarks.world import ACTOR, fill_up_to, person

SLUG, FREE_SLUG = "gateway", "gateway-free"
# Declared by the api app where requests are limited.
REQUESTS = "api.requests_per_15_minutes"
MEMBERS = 25
PAGE_SIZE = 20
MEMBERS_PATH = f"/api/v1/members/?page_size={PAGE_SIZE}"
# Lists that nobody wrote for speed.
ORM_PATHS = (f"/api/v1/role-bindings/?page_size={PAGE_SIZE}", "/api/v1/roles/")


@dataclass(frozen=True)
class Caller:
    """Somebody who is signed in by the API. A token is good for ten minutes, so each run takes a new one."""

    session: TokenSession
    slug: str = SLUG

    def headers(self) -> dict[str, str]:
        token = access_token(self.session)
        return {"Host": f"{self.slug}.localhost:8000", "Authorization": f"Bearer {token}"}


@dataclass(frozen=True)
class World:
    """owner sees all members; powerless is a member without a role; stranger is in no workspace.

    elsewhere: owns another workspace, with counters of its own. unlimited: the owner in a workspace like
    this one whose requests nothing limits; None: nothing limits anybody's.
    """

    tenant: Tenant
    owner: Caller
    powerless: Caller
    stranger: Caller
    elsewhere: Caller
    unlimited: Caller | None


def build(tenants: int) -> World:
    """The workspace of the benchmark with its members and roles, and others until there are `tenants`."""
    tenant = _workspace(SLUG)
    is_limited = REQUESTS in entitlements()
    if is_limited:
        _grant(_workspace(FREE_SLUG), REQUESTS, None)
    fill_up_to(tenants)
    other = Tenant.objects.filter(slug__startswith="bench-").order_by("id")[:1].get()
    return World(
        tenant,
        owner=_sign_in("owner@gateway.test"),
        powerless=_sign_in("powerless@gateway.test"),
        stranger=_sign_in("stranger@gateway.test"),
        elsewhere=_sign_in("bench@platform.test", other.slug),
        unlimited=_sign_in("owner@gateway.test", FREE_SLUG) if is_limited else None,
    )


def _workspace(slug: str) -> Tenant:
    found = tenant_by_slug(slug)
    if found is not None:
        return found
    owner = person("owner@gateway.test")
    tenant = tenant_create(actor=ACTOR, name="Gateway", slug=slug, owner_person_id=owner.id)
    if not provision(tenant.id):
        tenant.refresh_from_db()
        raise RuntimeError(tenant.last_error)
    tenant.refresh_from_db()
    # The default plan, which leaves the limits of requests to the settings, has fewer seats.
    _grant(tenant, SEATS, 2 * MEMBERS)
    with tenant_context(tenant):
        _fill()
        _analyze()
    return tenant


def _grant(tenant: Tenant, code: str, value: int | None) -> None:
    override_set(
        actor=ACTOR, tenant_id=tenant.id, code=code, granted=Granted(value), reason="benchmark"
    )


@transaction.atomic
def _fill() -> None:
    """Members of two branches; every second one with a role more, every fifth in a place more."""
    root = Organization.objects.get(depth=1)
    branches = [
        organization_create(actor=ACTOR, name=name, parent_id=root.id)
        for name in ("North", "South")
    ]
    roles = [role_by_code("member")]
    further = [role_by_code(code) for code in ("auditor", "billing_admin", "admin")]
    for number in range(1, MEMBERS):
        someone = person(f"member-{number}@gateway.test")
        member = member_join(actor=ACTOR, person=someone, organization=root, roles=roles)
        if number % 2:
            binding_create(
                actor=ACTOR,
                role_id=further[number % 3].id,
                organization_id=branches[number % 4 // 2].id,
                member_id=member.id,
            )
        if number % 5 == 0:
            member_place(actor=ACTOR, member_id=member.id, organization_id=branches[0].id)
    member_join(actor=ACTOR, person=person("powerless@gateway.test"), organization=root, roles=[])


def _analyze() -> None:
    """What autovacuum would come to do."""
    tables = [
        model._meta.db_table for model in (Member, Organization, Placement, Role, RoleBinding)
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(tables)}")


def _sign_in(email: str, slug: str = SLUG) -> Caller:
    pair = token_session_start(person=person(email), tenant_id=None, user_agent="bench", ip=None)
    return Caller(pair.session, slug)
