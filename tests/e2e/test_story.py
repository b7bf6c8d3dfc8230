"""The platform's first story, from the landing page to signing out, told by those who live it."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Meet
from tests.e2e.running_demo import RunningDemo
from tests.e2e.visitor import PASSWORD, Visitor

SLUG, COMPANY = "northwind", "Northwind Traders"
OWNER, COLLEAGUE = "ines@northwind.test", "marek@northwind.test"
REASON = "Invoices are three months overdue"


@pytest.fixture
def owner(meet: Meet) -> Visitor:
    return meet("owner")


@pytest.fixture
def colleague(meet: Meet) -> Visitor:
    return meet("colleague")


@pytest.fixture
def staff(meet: Meet) -> Visitor:
    return meet("staff")


@pytest.mark.incremental
class TestStory:
    def test_a_newcomer_signs_up(self, owner: Visitor) -> None:
        owner.open("/")
        owner.look("landing")
        owner.follow("Create account")
        owner.heading("Create your account")
        owner.look("sign-up")

        owner.page.get_by_label("Your name").fill("Ines Okafor")
        owner.page.get_by_label("E-mail address").fill(OWNER)
        owner.page.get_by_label("Password").fill("short")
        owner.press("Create account")
        expect(owner.page.get_by_role("alert")).to_contain_text("at least 10 characters")
        password = owner.page.get_by_label("Password")
        expect(password).to_have_attribute("aria-invalid", "true")
        owner.look("sign-up-refused")

        owner.sign_up("Ines Okafor", OWNER)
        expect(owner.page.get_by_role("main")).to_contain_text(OWNER)
        owner.look("check-your-inbox")

    def test_the_mail_is_in_the_inbox(self, owner: Visitor, demo: RunningDemo) -> None:
        link = demo.link_for(OWNER, containing="/accounts/confirm-email/")
        owner.open(f"/sandbox/inbox/?to={OWNER}")
        owner.look("sandbox-inbox")
        owner.follow(demo.mails(OWNER)[0]["subject"])
        owner.look("sandbox-mail")
        expect(owner.page.get_by_role("main")).to_contain_text(link)

    def test_she_confirms_and_is_signed_in(self, owner: Visitor) -> None:
        owner.confirm(OWNER)
        owner.heading("Your workspaces")
        owner.look("workspaces-none")

    def test_the_form_says_which_addresses_are_free(self, owner: Visitor) -> None:
        owner.follow("Create a workspace")
        owner.heading("Create a workspace")
        name, slug = (
            owner.page.get_by_label("Company or team name"),
            owner.page.get_by_label("Address"),
        )
        hint = owner.page.locator("#slug-status")

        name.press_sequentially(COMPANY)
        expect(slug).to_have_value("northwind-traders")
        expect(hint).to_contain_text("northwind-traders.localhost is free")
        slug.fill("acme")
        expect(hint).to_contain_text("is taken")
        slug.fill("admin")
        expect(hint).to_contain_text("reserved")
        owner.look("workspace-new")

        for value, message in (("admin", "reserved"), ("acme", "taken"), ("no_good!", "letters")):
            slug.fill(value)
            owner.press("Create workspace")
            expect(owner.page.get_by_role("alert")).to_contain_text(message)
            expect(slug).to_have_attribute("aria-invalid", "true")
            expect(slug).to_have_accessible_description(re.compile(message))
            expect(slug).to_have_value(value)
        owner.look("workspace-refused")

    def test_the_workspace_is_made_while_she_watches(
        self, owner: Visitor, demo: RunningDemo
    ) -> None:
        owner.page.get_by_label("Address").fill(SLUG)
        expect(owner.page.locator("#slug-status")).to_contain_text(f"{SLUG}.localhost is free")
        began_s = time.monotonic()
        owner.press("Create workspace")
        owner.arrive(demo.workspace(SLUG))
        took_s = time.monotonic() - began_s
        assert took_s < 15, f"the workspace took {took_s:.1f} s"
        owner.heading("Ines")
        expect(owner.page).to_have_title(f"Dashboard · {COMPANY}")
        owner.look("dashboard-first")

    def test_every_page_of_the_workspace_opens(self, owner: Visitor) -> None:
        navigation = owner.page.get_by_role("navigation", name="Workspace")
        for label in ("Members", "Invitations", "Organizations", "Roles", "Settings"):
            navigation.get_by_role("link", name=label).click()
            owner.heading(label)
            expect(navigation.get_by_role("link", name=label)).to_have_attribute(
                "aria-current", "page"
            )
            owner.look(f"workspace-{label.lower()}")
        owner.page.get_by_label("Name").fill(f"{COMPANY} Ltd")
        owner.press("Save")
        owner.notice("changed")

        navigation.get_by_role("link", name="Organizations").click()
        owner.follow("New organization")
        owner.look("organization-new")
        owner.page.get_by_label("Name").fill("Field team Oslo")
        owner.press("Create")
        expect(owner.page.get_by_role("main")).to_contain_text("Field team Oslo")

    def test_she_invites_a_colleague(self, owner: Visitor, demo: RunningDemo) -> None:
        owner.open(demo.workspace(SLUG))
        owner.follow("Invite")
        owner.heading("Invite a colleague")
        owner.look("invite")
        owner.page.get_by_label("E-mail address").fill("not an address")
        owner.press("Send invitation")
        expect(owner.page.get_by_role("alert")).to_contain_text("Enter a valid")
        owner.look("invite-refused")
        owner.page.get_by_label("E-mail address").fill(COLLEAGUE)
        expect(owner.page.get_by_role("checkbox", name="Member")).to_be_checked()
        owner.press("Send invitation")
        owner.notice(COLLEAGUE)
        expect(owner.page.get_by_role("row", name=COLLEAGUE)).to_be_visible()
        owner.look("invitations")

    def test_the_wrong_person_is_refused(self, meet: Meet, demo: RunningDemo) -> None:
        stranger = meet("stranger")
        link = demo.link_for(COLLEAGUE, containing="/invitations/accept/")
        stranger.open("/accounts/login/")
        stranger.sign_in("charlie@globex.test")
        stranger.heading("Your workspaces")
        stranger.open(link, status=403)
        expect(stranger.page.get_by_role("main")).to_contain_text("m•••@northwind.test")
        expect(stranger.page.get_by_role("button", name="Accept and join")).to_have_count(0)
        stranger.look("invitation-for-another")
        stranger.open(demo.workspace(SLUG, "/members/"), status=404)
        stranger.look("workspace-of-others")

    def test_the_colleague_joins(self, colleague: Visitor, demo: RunningDemo) -> None:
        colleague.open(demo.link_for(COLLEAGUE, containing="/invitations/accept/"))
        colleague.heading(f"Join {COMPANY} Ltd")
        expect(colleague.page.get_by_role("main")).to_contain_text("Ines Okafor")
        colleague.look("invitation-signed-out")
        colleague.follow("Create an account")
        expect(colleague.page.get_by_label("E-mail address")).to_have_value(COLLEAGUE)
        colleague.sign_up("Marek Dvořák", COLLEAGUE)
        colleague.confirm(COLLEAGUE)
        colleague.heading(f"Join {COMPANY} Ltd")
        colleague.look("invitation")
        colleague.press("Accept and join")
        colleague.arrive(demo.workspace(SLUG))
        colleague.heading("Marek")
        colleague.look("dashboard-member")

    def test_both_are_in_the_list(
        self, owner: Visitor, colleague: Visitor, demo: RunningDemo
    ) -> None:
        for visitor in (owner, colleague):
            visitor.open(demo.workspace(SLUG, "/members/"))
            rows = visitor.page.get_by_role("table", name="Members").get_by_role("row")
            expect(rows.filter(has_text=OWNER)).to_contain_text("Owner")
            expect(rows.filter(has_text=COLLEAGUE)).to_contain_text("Member")
            expect(rows).to_have_count(3)  # with the head
        owner.look("members")
        owner.follow("Marek Dvořák")
        owner.heading("Marek Dvořák")
        owner.look("member")
        owner.follow("Give a role")
        owner.look("member-role")
        owner.page.go_back()
        owner.follow("Remove…")
        owner.look("member-remove")

    def test_a_used_link_says_so(self, colleague: Visitor, demo: RunningDemo) -> None:
        colleague.open(demo.link_for(COLLEAGUE, containing="/invitations/accept/"), status=410)
        colleague.look("invitation-used")

    def test_what_a_member_may_not_do_is_not_offered(
        self, colleague: Visitor, demo: RunningDemo
    ) -> None:
        colleague.open(demo.workspace(SLUG))
        links = colleague.page.get_by_role("link")
        for name in ("Invite", "Invitations", "Settings"):
            expect(links.get_by_text(name, exact=True)).to_have_count(0)
        colleague.open(demo.workspace(SLUG, "/members/"))
        expect(colleague.page.get_by_role("link", name="Invite", exact=True)).to_have_count(0)
        for path in ("/invitations/", "/invitations/new/", "/settings/"):
            colleague.open(demo.workspace(SLUG, path), status=403)
            colleague.heading("You may not do this")
        colleague.look("refused")

    def test_staff_suspend_the_workspace(
        self, staff: Visitor, owner: Visitor, demo: RunningDemo
    ) -> None:
        token = demo.token(OWNER, PASSWORD, SLUG)
        staff.open("/console/")
        staff.heading("Sign in")
        staff.sign_in("staff@platform.test")
        staff.arrive(f"{demo.url}/console/")
        staff.look("console", framed_by_others=True)
        _open_tenant(staff)
        staff.look("console-tenant", framed_by_others=True)
        staff.follow("Suspend")
        staff.look("console-suspend", framed_by_others=True)
        staff.press("Suspend")
        expect(staff.page.get_by_text("Say why: others will ask.")).to_be_visible()
        staff.page.get_by_label("Reason").fill(REASON)
        staff.press("Suspend")
        expect(staff.page.get_by_text(f"{SLUG} is suspended.")).to_be_visible()
        expect(staff.page.get_by_text(REASON).first).to_be_visible()

        owner.open(demo.workspace(SLUG), status=403)
        owner.heading("This workspace is suspended")
        owner.look("suspended")
        headers = {"Authorization": f"Bearer {token}"}
        reply = demo.request("/api/v1/members/", slug=SLUG, headers=headers)
        assert (reply.status, reply.json()["code"]) == (403, "tenant_suspended")

    def test_staff_resume_it(self, staff: Visitor, owner: Visitor, demo: RunningDemo) -> None:
        _open_tenant(staff)
        staff.follow("Resume")
        staff.press("Resume")
        expect(staff.page.get_by_text(f"{SLUG} is open again.")).to_be_visible()
        owner.open(demo.workspace(SLUG))
        owner.heading("Ines")
        headers = {"Authorization": f"Bearer {demo.token(OWNER, PASSWORD, SLUG)}"}
        reply = demo.request("/api/v1/members/", slug=SLUG, headers=headers)
        emails = [member["email"] for member in reply.json()["results"]]
        assert (reply.status, sorted(emails)) == (200, sorted([OWNER, COLLEAGUE]))

    def test_signing_out_ends_it_on_both_hosts(self, owner: Visitor, demo: RunningDemo) -> None:
        owner.open(demo.workspace(SLUG))
        owner.sign_out()
        owner.heading("Sign in")
        owner.notice("signed out")
        for address in (demo.workspace(SLUG, "/members/"), "/workspaces/"):
            owner.open(address)
            owner.heading("Sign in")
        owner.sign_in(OWNER, PASSWORD)
        owner.heading("Your workspaces")
        owner.look("workspaces")


def _open_tenant(staff: Visitor) -> None:
    """By way of the list, as staff look for it."""
    staff.open("/console/")
    staff.page.get_by_role("link", name=re.compile(r"\bTenants$")).click()
    staff.page.locator("input[name=q]").fill(SLUG)
    staff.page.keyboard.press("Enter")
    staff.arrive(re.compile(rf"q={SLUG}"))
    staff.look("console-tenants", framed_by_others=True)
    staff.follow(SLUG)
    expect(staff.page.get_by_role("heading", name=SLUG, exact=True)).to_be_visible()
