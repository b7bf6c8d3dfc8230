"""What people are told: the bell in two windows, what they choose, and the workspace's own words."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Locator, expect

from tests.e2e.conftest import Meet
from tests.e2e.running_demo import RunningDemo
from tests.e2e.test_pages import NEW_PASSWORD
from tests.e2e.visitor import DEMO_PASSWORD, Visitor

SOON_MS = 20_000
# Roles are told of by their code.
KEYS, DOORS = "keeper-of-the-keys", "keeper-of-the-doors"
TITLE = f"You have the role {KEYS} in Acme Industries now"


@pytest.fixture
def bob(meet: Meet) -> Visitor:
    return meet("bob-who-is-told")


@pytest.fixture
def elsewhere(meet: Meet) -> Visitor:
    """His other window."""
    return meet("bob-elsewhere")


@pytest.fixture
def alice(meet: Meet) -> Visitor:
    return meet("alice-who-words")


def ask(demo: RunningDemo, path: str, **body: Any) -> Any:
    """As alice, by the API: GET, or with a body POST."""
    token = demo.token("alice@acme.test", DEMO_PASSWORD, "acme")
    reply = demo.request(
        f"/api/v1/{path}",
        slug="acme",
        method="POST" if body else "GET",
        data=body or None,
        headers={"Authorization": f"Bearer {token}"},
    )
    assert reply.status in (200, 201), reply.body
    return json.loads(reply.body)


def give_role(demo: RunningDemo, name: str) -> None:
    """Bob gets a role that was made for it, and is told."""
    role = ask(demo, "roles/", name=name, description="", permissions=[])
    (bob,) = ask(demo, "members/?q=bob@acme.test")["results"]
    ask(
        demo,
        "role-bindings/",
        member_id=bob["id"],
        role_id=role["id"],
        organization_id=bob["organization"]["id"],
    )


def sign_in_bob(visitor: Visitor) -> None:
    """With the password that he has by now, if the story of forgotten ones was told before."""
    page = visitor.page
    visitor.sign_in("bob@acme.test")
    page.wait_for_load_state("load")
    if "/login/" in page.url:
        visitor.sign_in("bob@acme.test", NEW_PASSWORD)


def bell(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("link", name=re.compile("^Inbox")).locator("visible=true").first


def unread(visitor: Visitor) -> int:
    found = re.search(
        r"\d+", bell(visitor).inner_text() + (bell(visitor).get_attribute("aria-label") or "")
    )
    return int(found.group()) if found else 0


def counts(visitor: Visitor, number: int) -> None:
    if number:
        expect(bell(visitor)).to_have_text(re.compile(rf"(?<!\d){number}(?!\d)"), timeout=SOON_MS)
    else:
        expect(bell(visitor)).not_to_have_text(re.compile(r"\d"), timeout=SOON_MS)


@pytest.mark.incremental
class TestBell:
    def test_two_windows_are_told_at_once(
        self, bob: Visitor, elsewhere: Visitor, demo: RunningDemo
    ) -> None:
        for visitor in (bob, elsewhere):
            visitor.open(demo.workspace("acme"))
            sign_in_bob(visitor)
            visitor.heading("Bob")
            visitor.page.evaluate("window.isSame = true")
        before = unread(bob)
        give_role(demo, "Keeper of the keys")
        for visitor in (bob, elsewhere):
            counts(visitor, before + 1)
            assert visitor.page.evaluate("window.isSame") is True

    def test_what_is_read_in_one_is_read_in_the_other(
        self, bob: Visitor, elsewhere: Visitor, demo: RunningDemo
    ) -> None:
        bell(bob).click()
        bob.heading("Inbox")
        expect(bob.page.get_by_role("list", name="Notifications")).to_contain_text(TITLE)
        bob.look("inbox-unread")
        bob.press("Mark all as read")
        counts(bob, 0)
        counts(elsewhere, 0)
        assert elsewhere.page.evaluate("window.isSame") is True

    def test_it_leads_to_what_it_is_about_and_says_how_it_came(
        self, bob: Visitor, demo: RunningDemo
    ) -> None:
        bob.open(demo.workspace("acme", "/notifications/"))
        bob.follow(f"How you were told: {TITLE}")
        expect(bob.page.get_by_role("main")).to_contain_text(TITLE)
        bob.look("notification-trace")
        bob.page.go_back()
        bob.press(TITLE)
        bob.arrive(demo.workspace("acme", "/"))


@pytest.mark.incremental
class TestChoices:
    def test_he_turns_a_channel_off_and_it_stays_off(self, bob: Visitor, demo: RunningDemo) -> None:
        bob.open(demo.workspace("acme", "/notifications/preferences/"))
        bob.heading("What you are told of")
        choice = bob.page.get_by_label("Access: Inbox")
        choice.select_option("off")
        bob.press("Save")
        bob.notice("This is how you are told from now on.")
        bob.page.reload()
        expect(choice).to_have_value("off")
        bob.look("notification-preferences")

    def test_what_he_does_not_want_does_not_come(self, bob: Visitor, demo: RunningDemo) -> None:
        give_role(demo, "Keeper of the doors")
        # The first one was there within a second.
        bob.page.wait_for_timeout(5_000)
        bob.open(demo.workspace("acme", "/notifications/"))
        told = bob.page.get_by_role("list", name="Notifications")
        expect(told).to_contain_text(TITLE)
        expect(told).not_to_contain_text(DOORS)

    def test_hours_that_make_no_sense_are_refused_with_a_reason(
        self, bob: Visitor, demo: RunningDemo
    ) -> None:
        bob.open(demo.workspace("acme", "/notifications/preferences/"))
        bob.page.get_by_label("Quiet from").fill("22:00")
        bob.press("Save")
        expect(bob.page.get_by_role("main")).to_contain_text("a beginning and an end")
        bob.page.get_by_label("Access: Inbox").select_option("")
        bob.page.get_by_label("Quiet from").fill("22:00")
        bob.page.get_by_label("Until").fill("07:00")
        bob.press("Save")
        bob.notice("This is how you are told from now on.")


@pytest.mark.incremental
class TestWords:
    def test_a_preview_follows_what_is_typed(self, alice: Visitor, demo: RunningDemo) -> None:
        alice.open(demo.workspace("acme", "/settings/notifications/templates/"))
        alice.sign_in("alice@acme.test")
        alice.follow("Somebody joined, English: default")
        alice.page.get_by_label("Title").fill("Welcome {{ email }} on board")
        preview = alice.page.locator("#preview")
        expect(preview).to_contain_text("Welcome dana@example.com on board", timeout=SOON_MS)
        mail: FrameLocator = alice.page.frame_locator("iframe.mail-preview")
        expect(mail.locator("body")).to_contain_text("Welcome dana@example.com on board")
        alice.look("notification-words")

    def test_words_that_cannot_be_used_say_why(self, alice: Visitor) -> None:
        alice.page.get_by_label("Title").fill("Welcome {{ email ")
        expect(alice.page.locator("#preview")).to_contain_text(
            "This cannot be used", timeout=SOON_MS
        )
        alice.press("Save")
        alice.heading("Somebody joined")

    def test_she_saves_them_and_takes_them_back(self, alice: Visitor) -> None:
        alice.page.get_by_label("Title").fill("Welcome {{ email }} on board")
        alice.press("Save")
        alice.notice("Your words are saved.")
        alice.press("Reset…")
        alice.page.get_by_role("dialog").get_by_role("button", name="Reset", exact=True).click()
        alice.notice("The platform’s words are back.")
