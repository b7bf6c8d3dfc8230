"""Sign-in by a tenant's own provider: into that tenant, by those in its domains."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.enums import ProviderState
from apps.accounts.models import (
    EmailDomain,
    ExternalIdentity,
    IdentityProvider,
    Person,
    SignInPolicy,
)
from apps.accounts.services import membership_remove
from apps.accounts.token_sessions import token_session_start
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from apps.organizations.models import Member, Organization, ProviderGroupRole, RoleBinding
from apps.organizations.services import member_update_status
from apps.organizations.services.provider_groups import provider_group_role_create
from apps.roles.models import Role
from apps.sandbox.oidc import logout, state
from tests.accounts.oidc.provider import Browser, Sandbox, onward, query_of
from tests.accounts.oidc.tenants import (
    begin,
    connect,
    enter,
    role_id,
    turn,
    verify_domain,
    who,
)
from tests.accounts.support import PASSWORD, PUBLIC, SYSTEM, force_sign_in, host, post_json
from tests.conftest import World

pytestmark = pytest.mark.django_db
Published = Callable[[], list[OutboxEvent]]


@pytest.fixture
def acme_id(sandbox: Callable[[str], Sandbox], world: World) -> Sandbox:
    """acme's own provider, on; acme.test is acme's."""
    made = sandbox("acme")
    verify_domain(world.acme, "acme.test")
    connect(world.acme, world.alice, made)
    turn(world.acme, world.alice, ProviderState.ON)
    return made


def roles_of(world: World, email: str) -> set[str]:
    with tenant_context(world.acme):
        bindings = RoleBinding.objects.filter(member__email=email)
        return set(bindings.values_list("role__code", flat=True))


def counts() -> list[int]:
    return [m.objects.count() for m in (Person, ExternalIdentity, IdentityProvider)]


def test_a_member_comes_in_and_nowhere_else(
    acme_id: Sandbox, browser: Browser, world: World, published: Published
) -> None:
    response = enter(browser, world.acme, acme_id, "a-002")
    assert (response.status_code, response["Location"]) == (302, "/members/")
    assert who(browser, world.acme) == "bob@acme.test"
    assert who(browser) == ""
    assert browser.get(f"http://{host(world.acme)}/members/").status_code == 200
    # The public host knows nobody, so there is no way to another workspace.
    assert "/accounts/login/" in browser.get("/workspaces/")["Location"]
    identity = ExternalIdentity.objects.get()
    assert (identity.tenant_id, identity.person_id, identity.subject) == (
        world.acme.id,
        world.bob.id,
        "a-002",
    )
    linked, begun = published()
    assert (linked.name, begun.name) == ("accounts.identity_linked", "accounts.session_started")
    assert linked.tenant_id == world.acme.id


def test_the_page_asks_how(acme_id: Sandbox, browser: Browser, world: World) -> None:
    page = browser.get(f"http://{host(world.acme)}/sign-in/?next=/members/")
    html = page.content.decode()
    assert (page.status_code, "Continue with Acme ID" in html) == (200, True)
    assert "/sign-in/?next=%2Fmembers%2F&amp;way=sso" in html
    other = browser.get(f"http://{host(world.acme)}/sign-in/?next=/members/&way=other")
    assert other["Location"].startswith(f"http://{PUBLIC}/open/acme/?state=")
    # Where no provider is on, nobody is asked.
    at_globex = browser.get(f"http://{host(world.globex)}/sign-in/")
    assert at_globex["Location"].startswith(f"http://{PUBLIC}/open/globex/?state=")


def test_nobody_joins_unless_that_is_on(acme_id: Sandbox, browser: Browser, world: World) -> None:
    before = counts()
    response = enter(browser, world.acme, acme_id, "a-003")
    assert response.status_code == 400
    assert "You are not a member of this workspace" in response.content.decode()
    assert counts() == before


def test_somebody_new_joins(
    acme_id: Sandbox, browser: Browser, world: World, published: Published
) -> None:
    turn(world.acme, world.alice, ProviderState.ON, default_role_id=role_id(world.acme, "member"))
    enter(browser, world.acme, acme_id, "a-003")
    assert who(browser, world.acme) == "erin@acme.test"
    erin = Person.objects.get(email="erin@acme.test")
    assert (erin.name, erin.has_usable_password()) == ("Erin Engineer", False)
    assert not erin.emailaddress_set.get().verified
    assert roles_of(world, erin.email) == {"member"}
    names = [e.name for e in published()]
    assert "organizations.member_joined" in names
    assert names.count("accounts.identity_linked") == 1
    # Taken out by an administrator, they do not come back by themselves.
    with tenant_context(world.acme):
        owner = actor_for(world.alice)
        member_update_status(
            actor=owner, member_id=Member.objects.get(person_id=erin.id).id, status="removed"
        )
    again = Browser()
    assert enter(again, world.acme, acme_id, "a-003").status_code == 400
    assert who(again, world.acme) == ""
    assert browser.get(f"http://{host(world.acme)}/members/").status_code in (302, 404)


def test_somebody_with_an_account_joins_without_its_other_workspaces(
    acme_id: Sandbox, browser: Browser, world: World
) -> None:
    turn(world.acme, world.alice, ProviderState.ON, default_role_id=role_id(world.acme, "member"))
    Person.objects.filter(id=world.charlie.id).update(email="erin@acme.test")
    enter(browser, world.acme, acme_id, "a-003")
    assert browser.on(host(world.acme)).session["_auth_user_id"] == str(world.charlie.id)
    # Who runs acme's provider can be charlie in acme, and must not learn that he owns globex.
    for path in ("/switcher/", "/palette.json"):
        page = browser.get(f"http://{host(world.acme)}{path}").content.decode()
        assert "lobex" not in page, path
    for path in ("/api/v1/me/tenants/", "/api/v1/auth/sessions/"):
        answer = browser.get(f"http://{host(world.acme)}{path}")
        assert answer.status_code in (200, 403)
        assert "lobex" not in answer.content.decode(), path
    named = browser.get(f"http://{host(world.acme)}/api/v1/tenant/", headers={"X-Tenant": "globex"})
    assert named.status_code in (401, 404)
    changed = browser.on(host(world.acme)).patch(
        "/api/v1/me/", {"name": "Mallory"}, content_type="application/json"
    )
    assert changed.status_code == 403
    made = post_json(browser.on(host(world.acme)), "/api/v1/tenants/", {"name": "X", "slug": "xyz"})
    assert made.status_code == 403


@pytest.mark.parametrize("sub", ["a-004", "a-005"])
def test_outside_the_domains_or_unverified(
    sub: str, acme_id: Sandbox, browser: Browser, world: World
) -> None:
    turn(world.acme, world.alice, ProviderState.ON, default_role_id=role_id(world.acme, "member"))
    before = counts()
    response = enter(browser, world.acme, acme_id, sub)
    assert response.status_code == 400
    assert (who(browser, world.acme), who(browser)) == ("", "")
    assert counts() == before
    with tenant_context(world.acme):
        assert Member.objects.count() == 2


def test_a_domain_that_lost_its_proof_brings_nobody_new(
    acme_id: Sandbox, browser: Browser, world: World
) -> None:
    enter(browser, world.acme, acme_id, "a-002")
    EmailDomain.objects.update(token="t", proof_missing_since=timezone.now())
    # Who is known comes in while the proof may come back; nobody else.
    again = Browser()
    enter(again, world.acme, acme_id, "a-002")
    assert who(again, world.acme) == "bob@acme.test"
    assert enter(Browser(), world.acme, acme_id, "a-001").status_code == 400
    EmailDomain.objects.update(verified_at=None, proof_missing_since=None)
    assert enter(Browser(), world.acme, acme_id, "a-002").status_code == 400


def test_an_account_that_moved_away_is_out_of_reach(
    acme_id: Sandbox, browser: Browser, world: World
) -> None:
    enter(browser, world.acme, acme_id, "a-002")
    Person.objects.filter(id=world.bob.id).update(email="bob@private.example")
    assert enter(Browser(), world.acme, acme_id, "a-002").status_code == 400


def test_another_subject_with_the_same_address(
    acme_id: Sandbox, browser: Browser, world: World
) -> None:
    enter(browser, world.acme, acme_id, "a-002")
    state.change("acme", people=[state.Someone("a-999", "bob@acme.test", "Another Bob")])
    response = enter(Browser(), world.acme, acme_id, "a-999")
    assert response.status_code == 400
    assert ExternalIdentity.objects.count() == 1


def test_groups_decide_roles(acme_id: Sandbox, browser: Browser, world: World) -> None:
    with tenant_context(world.acme):
        owner = actor_for(world.alice)
        admin = Role.objects.get(code="admin")
        provider_group_role_create(actor=owner, group="staff", role_id=admin.id)
        # A row that somebody put there by hand makes no owner either.
        root = Organization.objects.get(depth=1)
        ProviderGroupRole.objects.create(
            group="staff", role=Role.objects.get(code="owner"), organization=root
        )
    enter(browser, world.acme, acme_id, "a-002")
    assert roles_of(world, "bob@acme.test") == {"member", "admin"}
    state.change("acme", people=[state.Someone("a-002", "bob@acme.test", "Bob", groups=["other"])])
    enter(Browser(), world.acme, acme_id, "a-002")
    assert roles_of(world, "bob@acme.test") == {"member"}


def test_a_provider_is_of_its_tenant_alone(
    acme_id: Sandbox, sandbox: Callable[[str], Sandbox], browser: Browser, world: World
) -> None:
    """globex connects the same issuer and client, and still cannot sign in whom acme's provider knows."""
    verify_domain(world.globex, "globex.test")
    connect(world.globex, world.charlie, acme_id)
    turn(world.globex, world.charlie, ProviderState.ON)
    before = counts()
    response = enter(browser, world.globex, acme_id, "a-002")
    assert response.status_code == 400
    enter(Browser(), world.acme, acme_id, "a-002")
    assert counts() == [before[0], before[1] + 1, before[2]]
    # An answer for acme does not do for globex, nor the other way round.
    url = begin(browser, world.acme)
    landed = onward(browser.get(acme_id.answer(url, "a-002")))
    assert landed.startswith(f"http://{host(world.acme)}/enter/")
    elsewhere = landed.replace(host(world.acme), host(world.globex))
    assert browser.get(elsewhere).status_code == 400
    # The host of the errand is the tenant's.
    for wrong in (host(world.globex), "evil.example", PUBLIC, "acme.localhost.evil.example", ""):
        query = f"state={'x' * 43}&host={wrong.partition(':')[0]}&next=/"
        provider = IdentityProvider.objects.get(tenant=world.acme)
        answer = browser.get(f"/oidc/{provider.id}/start/?{query}")
        expected = 200 if not wrong else 400
        assert answer.status_code == expected, wrong


def test_enforced(acme_id: Sandbox, browser: Browser, world: World, published: Published) -> None:
    turn(world.acme, world.alice, ProviderState.ENFORCED)
    browser.on().post("/accounts/login/", {"login": world.bob.email, "password": PASSWORD})
    there = browser.get(f"http://{host(world.acme)}/sign-in/?way=other")
    opened = browser.get(onward(there))
    assert "/oidc/" in opened["Location"]
    url = onward(browser.get(opened["Location"]))
    browser.get(onward(browser.get(acme_id.answer(url, "a-002"))))
    assert who(browser, world.acme) == "bob@acme.test"
    for headers in ({"X-Tenant": "acme"}, {}):
        answer = post_json(
            browser.on(),
            "/api/v1/auth/token/",
            {"email": world.bob.email, "password": PASSWORD},
            headers=headers,
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "sso_required")
    # charlie is in no domain of acme's, and not bound by it.
    answer = post_json(
        browser.on(), "/api/v1/auth/token/", {"email": world.charlie.email, "password": PASSWORD}
    )
    assert answer.status_code == 200


def test_break_glass_needs_a_second_factor(
    acme_id: Sandbox, browser: Browser, world: World, published: Published
) -> None:
    turn(world.acme, world.alice, ProviderState.ENFORCED)
    browser.on().post("/accounts/login/", {"login": world.alice.email, "password": PASSWORD})
    url = onward(browser.get(f"http://{host(world.acme)}/sign-in/?way=other"))
    refused = browser.get(url)
    assert refused["Location"].startswith("/account/security/required/?next=")
    assert [e for e in published() if e.name == "accounts.break_glass_used"] == []
    session = browser.on().session
    session["account_authentication_methods"] += [{"method": "mfa", "type": "totp", "at": 1.0}]
    session.save()
    browser.get(onward(browser.get(url)))
    assert who(browser, world.acme) == "alice@acme.test"
    used = [e for e in published() if e.name == "accounts.break_glass_used"]
    assert [(e.tenant_id, e.payload["person_id"]) for e in used] == [
        (world.acme.id, str(world.alice.id))
    ]


def test_enforcing_ends_what_was_by_password(
    acme_id: Sandbox, browser: Browser, world: World
) -> None:
    """On the next request: sessions on the workspace's host, and tokens that are good for all workspaces."""
    force_sign_in(browser.on(host(world.acme)), world.bob, world.acme)
    pair = token_session_start(person=world.bob, tenant_id=None, user_agent="x", ip=None)
    bearer = {"Authorization": f"Bearer {pair.access}", "X-Tenant": "acme"}
    assert browser.get("/api/v1/members/", headers=bearer).status_code == 200
    assert browser.get(f"http://{host(world.acme)}/members/").status_code == 200
    turn(world.acme, world.alice, ProviderState.ENFORCED)
    assert browser.get("/api/v1/members/", headers=bearer).status_code == 401
    page = browser.get(f"http://{host(world.acme)}/members/")
    assert page["Location"] == "/sign-in/?next=%2Fmembers%2F"
    assert browser.get(f"http://{host(world.acme)}/sign-in/?next=/members/").status_code == 200
    answer = browser.get(f"http://{host(world.acme)}/api/v1/members/")
    assert (answer.status_code, answer.json()["code"]) == (403, "sso_required")
    # Where the address is outside the domains, nothing changes.
    Person.objects.filter(id=world.bob.id).update(email="bob@guest.example")
    assert browser.get(f"http://{host(world.acme)}/members/").status_code == 200


def test_the_providers_word_is_enough_for_the_policy(
    acme_id: Sandbox, browser: Browser, world: World
) -> None:
    """What it asks of people is the workspace's choice already."""
    SignInPolicy.objects.create(tenant=world.acme, require_mfa=True)
    response = enter(browser, world.acme, acme_id, "a-002")
    assert (response.status_code, response["Location"]) == (302, "/members/")
    assert browser.get(f"http://{host(world.acme)}/members/").status_code == 200


def test_proving_anew(
    acme_id: Sandbox, browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sensitive pages send a session that is old back to the provider, which has to ask."""
    enter(browser, world.acme, acme_id, "a-001")
    path = f"http://{host(world.acme)}/settings/sign-in/provider/connect/"
    assert browser.get(path).status_code == 200
    session = browser.on(host(world.acme)).session
    session["sign_in_proved_at"] = time.time() - 10_000
    session.save()
    stale = browser.get(path)
    assert "fresh=1" in stale["Location"]
    there = onward(browser.get(f"http://{host(world.acme)}{stale['Location']}"))
    url = onward(browser.get(there))
    assert (query_of(url)["prompt"], query_of(url)["max_age"]) == (["login"], ["0"])
    # A provider that lets an old sign-in do is not believed.
    refused = browser.get(acme_id.answer(url, "a-001", "old_auth_time"))
    assert refused.status_code == 400
    url = onward(browser.get(there))
    landed = browser.get(onward(browser.get(acme_id.answer(url, "a-001"))))
    assert landed["Location"] == "/settings/sign-in/provider/connect/"
    assert browser.get(path).status_code == 200


def test_sign_out_and_back_channel(acme_id: Sandbox, browser: Browser, world: World) -> None:
    enter(browser, world.acme, acme_id, "a-002")
    other = Browser()
    enter(other, world.acme, acme_id, "a-002")
    url = onward(browser.on(host(world.acme)).post("/sign-out/"))
    left = onward(browser.get(url))
    assert left.startswith(f"{acme_id.base}/end-session/?")
    assert query_of(left)["client_id"] == ["wrapper-acme"]
    token = logout.logout_token(
        acme_id.issuer, acme_id.base, acme_id.issuer.clients[0], sub="a-002"
    )
    assert (
        browser.on().post("/oidc/backchannel-logout/", {"logout_token": token}).status_code == 200
    )
    assert other.get(f"http://{host(world.acme)}/members/").status_code == 302


def test_a_provider_that_is_off_signs_nobody_in(
    acme_id: Sandbox, browser: Browser, world: World
) -> None:
    url = begin(browser, world.acme)
    turn(world.acme, world.alice, ProviderState.TESTED)
    # Also one whose sign-in was under way.
    assert browser.get(acme_id.answer(url, "a-002")).status_code == 400
    assert who(browser, world.acme) == ""


def test_a_suspended_membership(acme_id: Sandbox, browser: Browser, world: World) -> None:
    with tenant_context(world.acme):
        membership_remove(actor=SYSTEM, person_id=world.bob.id, tenant_id=world.acme.id)
        Member.objects.filter(person_id=world.bob.id).update(status="deactivated")
    before = counts()
    assert enter(browser, world.acme, acme_id, "a-002").status_code == 400
    assert counts() == before


def test_who_looks_is_told_nothing_of_accounts(
    acme_id: Sandbox, world: World, browser: Browser
) -> None:
    """With joining off, the answer for an address with an account elsewhere and for one without is one."""
    Person.objects.filter(id=world.charlie.id).update(email="erin@acme.test")
    known: Any = enter(browser, world.acme, acme_id, "a-003")
    state.change("acme", people=[state.Someone("a-7", "nobody@acme.test", "N")])
    unknown: Any = enter(Browser(), world.acme, acme_id, "a-7")
    texts = [p.content.decode().split("<main")[1].split("</main>")[0] for p in (known, unknown)]
    assert texts[0] == texts[1]
