"""Second factors: charlie, who owns globex, sets them up, requires them of all, and signs in with each."""

import re
import time

import pytest
from playwright.sync_api import CDPSession, expect

from tests.accounts.factors import code
from tests.e2e.conftest import Meet
from tests.e2e.running_demo import RunningDemo
from tests.e2e.visitor import DEMO_PASSWORD, Visitor

CHARLIE = "charlie@globex.test"
# A platform authenticator that verifies its user, as phones and laptops have.
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def charlie(meet: Meet) -> Visitor:
    return meet("charlie-of-the-factors")


@pytest.fixture
def device(charlie: Visitor) -> CDPSession:
    """The visitor's browser has an authenticator, the same one in all of these tests."""
    if not hasattr(charlie, "device"):
        session = charlie.context.new_cdp_session(charlie.page)
        session.send("WebAuthn.enable", {"enableUI": False})
        made = session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        charlie.device, charlie.device_id = session, made["authenticatorId"]  # type: ignore[attr-defined]
    return charlie.device


def credentials(charlie: Visitor) -> list[dict[str, object]]:
    found = charlie.device.send(  # type: ignore[attr-defined]
        "WebAuthn.getCredentials",
        {"authenticatorId": charlie.device_id},  # type: ignore[attr-defined]
    )
    return list(found["credentials"])


def another_code(secret: str, used: str) -> str:
    """A code of the app that was not used yet; each is good once."""
    while (shown := code(secret)) == used:
        time.sleep(0.5)
    return shown


@pytest.mark.incremental
class TestFactors:
    secret = ""
    used = ""
    recovery: list[str] = []

    def test_the_workspace_cannot_require_what_its_owner_lacks(
        self, charlie: Visitor, demo: RunningDemo
    ) -> None:
        charlie.open(demo.workspace("globex", "/settings/sign-in/"))
        charlie.heading("Sign in")
        charlie.look("sign-in-with-passkey")
        charlie.sign_in(CHARLIE)
        expect(charlie.page).to_have_title(re.compile("^Sign-in"))
        charlie.look("sign-in-policy-locked-out")
        charlie.follow("Use my second factor")
        charlie.heading("One more step")
        charlie.look("second-factor-required")

    def test_an_app_is_set_up_on_the_way(self, charlie: Visitor, demo: RunningDemo) -> None:
        charlie.follow("Set up an app")
        charlie.heading("Set up an authenticator app")
        secret = charlie.page.locator(".secret").inner_text().replace(" ", "")
        charlie.look("totp-set-up")
        charlie.page.get_by_label("Code").fill("12345")
        charlie.press("Finish")
        expect(charlie.page.get_by_role("alert")).to_contain_text("The code is wrong")
        charlie.look("totp-refused")
        TestFactors.secret, TestFactors.used = secret, code(secret)
        charlie.page.get_by_label("Code").fill(TestFactors.used)
        charlie.press("Finish")
        charlie.heading("Recovery codes")
        charlie.notice("The authenticator app is set up.")
        charlie.look("recovery-codes")
        TestFactors.recovery = charlie.page.locator(".codes code").all_inner_texts()
        assert len(set(TestFactors.recovery)) == 10
        with charlie.page.expect_download() as download:
            charlie.follow("Download")
        text = download.value.path().read_text()
        assert all(one in text for one in TestFactors.recovery)
        charlie.follow("I have kept them, continue")
        charlie.arrive(demo.workspace("globex", "/settings/sign-in/"))

    def test_now_it_can_be_required(self, charlie: Visitor) -> None:
        charlie.look("sign-in-policy-optional")
        charlie.press("Require it of everybody")
        charlie.notice("Everybody needs a second factor")
        charlie.look("sign-in-policy-required")

    def test_a_mail_says_so(self, charlie: Visitor, demo: RunningDemo) -> None:
        demo.link_for(CHARLIE, containing="/account/security/")
        charlie.open(f"/sandbox/inbox/?to={CHARLIE}")
        charlie.follow("A way to sign in was added to your account")
        charlie.look("mail-factor-added")

    def test_a_passkey_is_added_and_renamed(self, charlie: Visitor, device: CDPSession) -> None:
        charlie.open("/account/security/")
        charlie.heading("Security")
        charlie.look("security-app")
        charlie.follow("Add a passkey")
        charlie.heading("Add a passkey")
        charlie.look("passkey-new")
        charlie.page.get_by_label("Name").fill("Blue laptop")
        charlie.press("Add a passkey")
        charlie.notice("The passkey is added.")
        assert [one["rpId"] for one in credentials(charlie)] == ["localhost"]
        charlie.open("/account/security/")
        charlie.follow("Rename Blue laptop")
        charlie.page.get_by_label("Name").fill("Green laptop")
        charlie.look("passkey-rename")
        charlie.press("Save")
        expect(charlie.page.get_by_role("main")).to_contain_text("Green laptop")
        charlie.look("security")
        # The device knows that it holds one already.
        charlie.open("/account/security/passkeys/new/")
        charlie.press("Add a passkey")
        expect(charlie.page.get_by_role("alert")).to_contain_text("has a passkey for your account")

    def test_it_signs_in_without_a_password(
        self, charlie: Visitor, device: CDPSession, demo: RunningDemo
    ) -> None:
        charlie.open("/account/security/")
        charlie.sign_out()
        charlie.open(demo.workspace("globex", "/members/"))
        charlie.heading("Sign in")
        charlie.press("Sign in with a passkey")
        charlie.arrive(demo.workspace("globex", "/members/"))

    def test_who_cancels_is_told(self, charlie: Visitor, device: CDPSession) -> None:
        charlie.sign_out()
        charlie.heading("Sign in")
        who = {"authenticatorId": charlie.device_id}  # type: ignore[attr-defined]
        device.send("WebAuthn.setUserVerified", {**who, "isUserVerified": False})
        charlie.press("Sign in with a passkey")
        expect(charlie.page.get_by_role("alert")).to_contain_text("cancelled")
        charlie.look("sign-in-passkey-cancelled")
        device.send("WebAuthn.setUserVerified", {**who, "isUserVerified": True})

    def test_after_the_password_any_factor_does(
        self, charlie: Visitor, device: CDPSession, demo: RunningDemo
    ) -> None:
        charlie.sign_in(CHARLIE, DEMO_PASSWORD)
        charlie.heading("Second factor")
        charlie.look("second-factor")
        charlie.page.get_by_label("Code").fill("000000")
        charlie.press("Continue")
        expect(charlie.page.get_by_role("alert")).to_contain_text("did not work")
        charlie.look("second-factor-refused")
        charlie.press("Use a passkey")
        charlie.heading("Your workspaces")
        for given in (another_code(TestFactors.secret, TestFactors.used), TestFactors.recovery[0]):
            charlie.sign_out()
            charlie.open("/accounts/login/")
            charlie.sign_in(CHARLIE, DEMO_PASSWORD)
            charlie.page.get_by_label("Code").fill(given)
            charlie.press("Continue")
            charlie.heading("Your workspaces")
        charlie.open("/account/security/")
        expect(charlie.page.get_by_role("main")).to_contain_text("9 of 10 left")

    def test_everything_is_taken_back(self, charlie: Visitor, demo: RunningDemo) -> None:
        charlie.open(demo.workspace("globex", "/settings/sign-in/"))
        charlie.press("Make it optional")
        charlie.look("sign-in-policy-dialog")
        charlie.page.get_by_role("dialog").get_by_role("button", name="Make it optional").click()
        charlie.notice("Nobody needs a second factor")
        charlie.open("/account/security/")
        charlie.press("Remove Green laptop")
        charlie.look("passkey-remove")
        charlie.page.get_by_role("dialog").get_by_role("button", name="Remove it").click()
        charlie.notice("It is removed")
        charlie.press("Remove the authenticator app")
        charlie.page.get_by_role("dialog").get_by_role("button", name="Remove it").click()
        charlie.notice("It is removed")
        expect(charlie.page.get_by_role("main")).not_to_contain_text("Recovery codes")
        charlie.look("security-none")
