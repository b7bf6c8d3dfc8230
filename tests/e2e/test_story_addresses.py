"""globex gets a domain of its own and another address, and old links lead on."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Meet
from tests.e2e.running_demo import RunningDemo
from tests.e2e.visitor import DEMO_PASSWORD, Visitor

OWNER, DOMAIN = "charlie@globex.test", "work.globex.test"
LIST = "/settings/addresses/"


def at_domain(demo: RunningDemo, path: str = "/") -> str:
    return f"http://{DOMAIN}:{demo.port}{path}"


def open_domain(visitor: Visitor, name: str) -> None:
    visitor.page.get_by_role("main").get_by_role("link", name=name, exact=True).click()
    visitor.heading(name)


def record_of(visitor: Visitor) -> tuple[str, str]:
    """Name and value of the TXT record that the open page shows."""
    facts = visitor.page.locator("section", has_text="TXT").locator("dd code")
    return facts.nth(1).inner_text(), facts.nth(2).inner_text()


@pytest.fixture
def owner(meet: Meet) -> Visitor:
    return meet("owner of globex")


@pytest.mark.incremental
class TestAddresses:
    def test_she_adds_a_domain(self, owner: Visitor, demo: RunningDemo) -> None:
        owner.open(demo.workspace("globex", "/settings/"))
        owner.sign_in(OWNER)
        owner.heading("Settings")
        owner.follow("Addresses")
        expect(owner.page.get_by_role("main")).to_contain_text("Use a domain of your own")
        owner.look("addresses-none")
        owner.page.get_by_label("Domain").fill(f"https://{DOMAIN}/")
        owner.press("Add domain")
        expect(owner.page.get_by_role("alert")).to_contain_text("Enter the name only")
        owner.look("addresses-refused")
        owner.page.get_by_label("Domain").fill(DOMAIN)
        owner.press("Add domain")
        owner.heading(DOMAIN)
        expect(owner.page.get_by_role("main")).to_contain_text("Waiting for proof")
        owner.look("address-waiting")

    def test_without_the_record_it_is_not_hers(self, owner: Visitor, demo: RunningDemo) -> None:
        name, value = record_of(owner)
        assert name == f"_wrapper-challenge.{DOMAIN}"
        assert re.fullmatch(r"wrapper-verify=[0-9a-f]{32}", value)
        owner.press("Check now")
        expect(owner.page.locator("#result")).to_contain_text(f"The name {DOMAIN} does not exist")
        owner.look("address-not-found")
        owner.open(at_domain(demo), status=404)
        owner.heading("There is no workspace at this address")

    def test_the_record_proves_it(self, owner: Visitor, demo: RunningDemo) -> None:
        owner.open(demo.workspace("globex", LIST))
        open_domain(owner, DOMAIN)
        name, value = record_of(owner)
        owner.open("/sandbox/dns/")
        owner.look("sandbox-dns-none")
        owner.page.get_by_label("Name").fill(name)
        owner.page.get_by_label("Value").fill(value)
        owner.press("Add record")
        owner.notice(name)
        owner.look("sandbox-dns")
        owner.open(demo.workspace("globex", LIST))
        open_domain(owner, DOMAIN)
        owner.press("Check now")
        owner.notice(f"{DOMAIN} is verified.")
        expect(owner.page.get_by_role("main")).to_contain_text("The record is there")
        owner.press("Make primary")
        owner.notice(f"Links lead to {DOMAIN} from now on.")
        owner.look("address-primary")

    def test_one_signs_in_there(self, meet: Meet, demo: RunningDemo) -> None:
        """By the form on the public host, which leads to a host that its form-action does not list."""
        guest = meet("charlie elsewhere")
        guest.open(at_domain(demo, "/members/?q=charlie"))
        guest.heading("Sign in")
        guest.sign_in(OWNER)
        guest.arrive(at_domain(demo, "/members/?q=charlie"))
        guest.heading("Members")
        guest.look("members-at-own-domain")
        guest.page.get_by_label("Your account").click()
        guest.press("Sign out")
        guest.heading("Sign in")
        guest.open(at_domain(demo, "/members/"))
        guest.heading("Sign in")

    def test_links_of_the_platform_lead_there(self, owner: Visitor, demo: RunningDemo) -> None:
        owner.open("/workspaces/")
        expect(owner.page.get_by_role("main")).to_contain_text(DOMAIN)
        owner.follow("Globex")
        owner.arrive(at_domain(demo))
        owner.heading("Charlie")

    def test_she_changes_the_address(self, owner: Visitor, demo: RunningDemo) -> None:
        owner.open(demo.workspace("globex", LIST))
        owner.follow("Change address")
        owner.heading("Change address")
        field, hint = owner.page.get_by_label("New address"), owner.page.locator("#slug-status")
        field.fill("acme")
        expect(hint).to_contain_text("acme.localhost is taken")
        field.fill("globex-group")
        expect(hint).to_contain_text("globex-group.localhost is free")
        owner.look("address-change")
        owner.press("Change address")
        owner.arrive(demo.workspace("globex-group", f"{LIST}?from=globex"))
        expect(owner.page.get_by_role("main")).to_contain_text("The address is changed")
        owner.look("addresses-changed")

    def test_old_links_lead_on_and_programs_go_on(self, owner: Visitor, demo: RunningDemo) -> None:
        owner.open(demo.workspace("globex", "/members/?q=charlie"))
        owner.arrive(at_domain(demo, "/members/?q=charlie"))
        owner.heading("Members")
        headers = {"Authorization": f"Bearer {demo.token(OWNER, DEMO_PASSWORD, 'globex')}"}
        for slug, more in (("globex", {}), ("", {"X-Tenant": "globex"})):
            reply = demo.request("/api/v1/tenant/", slug=slug, headers={**headers, **more})
            assert (reply.status, reply.json()["slug"]) == (200, "globex-group")

    def test_staff_see_both(self, meet: Meet, demo: RunningDemo) -> None:
        staff = meet("staff")
        staff.open("/console/tenants/domain/?kind=old")
        if staff.page.get_by_role("heading", name="Sign in").count():
            staff.sign_in("staff@platform.test")
        expect(staff.page.get_by_role("row", name="globex.localhost")).to_contain_text("Redirects")
        staff.look("console-domains", framed_by_others=True)
        staff.open(f"/console/tenants/domain/?q={DOMAIN}")
        staff.follow(DOMAIN)
        staff.look("console-domain", framed_by_others=True)
        staff.follow("Check again")
        staff.look("console-domain-check", framed_by_others=True)
        staff.press("Check again")
        expect(staff.page.get_by_text(f"{DOMAIN} has its record.")).to_be_visible()

    def test_back_again(self, owner: Visitor, demo: RunningDemo) -> None:
        """No redirect is remembered that would lead away from what is the address again."""
        owner.open(demo.workspace("globex-group", f"{LIST}change/"))
        owner.page.get_by_label("New address").fill("globex")
        expect(owner.page.locator("#slug-status")).to_contain_text("globex.localhost is free")
        owner.press("Change address")
        owner.arrive(demo.workspace("globex", f"{LIST}?from=globex-group"))
        open_domain(owner, "globex-group.localhost")
        owner.look("address-old")
        owner.follow("Release…")
        owner.look("address-release")
        owner.page.get_by_label("Name").fill("globex-group.localhost")
        owner.press("Release")
        owner.notice("globex-group.localhost is removed.")
        owner.open(demo.workspace("globex-group"), status=404)

    def test_she_removes_the_domain(self, owner: Visitor, demo: RunningDemo) -> None:
        owner.open(demo.workspace("globex", LIST))
        open_domain(owner, DOMAIN)
        owner.follow("Remove…")
        owner.page.get_by_label("Name").fill(DOMAIN)
        owner.press("Remove")
        owner.notice(f"{DOMAIN} is removed.")
        owner.open(at_domain(demo), status=404)
        owner.open("/workspaces/")
        owner.follow("Globex")
        owner.arrive(demo.workspace("globex"))
