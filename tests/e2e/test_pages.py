"""Pages that the story does not pass, and the address that nobody has."""

import re
import zipfile

from playwright.sync_api import expect

from tests.e2e.conftest import Meet
from tests.e2e.running_demo import RunningDemo
from tests.e2e.visitor import DEMO_PASSWORD

NEW_PASSWORD = "another horse battery"


def test_pages_of_acme(meet: Meet, demo: RunningDemo) -> None:
    """The demo's own workspace has more in it than a new one."""
    alice = meet("alice")
    for name in ("", "members", "invitations", "organizations", "roles"):
        alice.open(demo.workspace("acme", f"/{name}/" if name else "/"))
        alice.look(f"acme-{name or 'dashboard'}")
    alice.open(demo.workspace("acme", "/members/?q=nobody+at+all"))
    alice.look("members-none-found")
    alice.open(demo.workspace("acme", "/organizations/"))
    alice.follow("Sales")
    alice.look("organization")
    alice.open("/profile/")
    alice.look("profile")
    alice.open("/accounts/password/change/")
    alice.look("password-change")


def test_exporting_everything(meet: Meet, demo: RunningDemo) -> None:
    """A real worker writes it while the page watches; the link gives the archive."""
    charlie = meet("charlie")
    charlie.open("/accounts/login/")
    charlie.sign_in("charlie@globex.test")
    charlie.open(demo.workspace("globex", "/settings/"))
    charlie.follow("Export")
    expect(charlie.page).to_have_title(re.compile("^Export"))
    charlie.look("export-none")
    charlie.press("Export everything")
    link = charlie.page.get_by_role("link", name="Download the archive")
    expect(link).to_be_visible(timeout=20_000)
    expect(charlie.page.locator("#export-status")).to_have_text("The archive is ready.")
    charlie.look("export-ready")
    with charlie.page.expect_download() as started:
        link.click()
    with zipfile.ZipFile(started.value.path()) as archive:
        assert {"manifest.json", "dump.sql", "json/public/tenant.jsonl"} <= set(archive.namelist())


def test_the_theme_is_kept(meet: Meet, demo: RunningDemo) -> None:
    alice = meet("alice")
    alice.open("/profile/")
    alice.page.get_by_role("main").get_by_role("button", name="Dark").click()
    expect(alice.page.locator("html")).to_have_attribute("data-theme", "dark")
    alice.page.wait_for_timeout(300)
    alice.open("/workspaces/")
    expect(alice.page.locator("html")).to_have_attribute("data-theme", "dark")
    alice.open("/profile/")
    alice.page.get_by_role("main").get_by_role("button", name="Follow the system").click()
    expect(alice.page.locator("html")).not_to_have_attribute("data-theme", "dark")


def test_a_forgotten_password(meet: Meet, demo: RunningDemo) -> None:
    bob = meet("bob")
    bob.open("/accounts/login/")
    bob.page.get_by_role("link", name="Forgot").click()
    bob.heading("Reset your password")
    bob.look("password-reset")
    bob.page.get_by_label("E-mail address").fill("bob@acme.test")
    bob.press("Send the link")
    bob.heading("Check your inbox")
    bob.look("password-reset-sent")
    bob.open(demo.link_for("bob@acme.test", containing="/accounts/password/reset/key/"))
    bob.heading("Choose a new password")
    bob.look("password-reset-new")
    bob.page.get_by_label("Password").fill(NEW_PASSWORD)
    bob.press("Change password")
    bob.heading("Your password is changed")
    bob.look("password-reset-done")
    bob.follow("Sign in")
    bob.sign_in("bob@acme.test", DEMO_PASSWORD)
    expect(bob.page.get_by_role("alert")).to_contain_text("do not match")
    bob.sign_in("bob@acme.test", NEW_PASSWORD)
    bob.heading("Your workspaces")


def test_what_is_not_there(meet: Meet, demo: RunningDemo) -> None:
    guest = meet("guest")
    guest.open(demo.workspace("nobody-has-this"), status=404)
    guest.heading("There is no workspace at this address")
    guest.look("unknown-host")
    guest.open("/no/such/page/", status=404)
    guest.look("not-found")
    guest.open("/invitations/accept/?token=nonsense", status=404)
    guest.look("invitation-unknown")
    guest.open("/console/")
    guest.heading("Sign in")
    bob = meet("bob")
    bob.open("/console/", status=404)


def test_the_api_reference(meet: Meet) -> None:
    guest = meet("guest")
    guest.open("/api/docs/")
    guest.heading("Wrapper Platform API")
    expect(guest.page.get_by_role("link", name="members")).to_be_visible()
    guest.look("api-docs", framed_by_others=True)
