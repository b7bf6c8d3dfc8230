"""From sign-up to a workspace that is set up, and what she thinks of it then."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Meet
from tests.e2e.running_demo import RunningDemo
from tests.e2e.visitor import Visitor

SLUG, COMPANY = "lighthouse", "Lighthouse Books"
OWNER = "lena@lighthouse.test"
QUESTION = "How likely are you to recommend this dashboard?"


@pytest.fixture
def owner(meet: Meet) -> Visitor:
    return meet("lena-of-the-setup")


@pytest.fixture
def phone(meet: Meet) -> Visitor:
    """Her other device."""
    return meet("lena-on-her-phone")


@pytest.fixture
def staff(meet: Meet) -> Visitor:
    return meet("staff")


def sign_in_staff(staff: Visitor) -> None:
    staff.open("/console/adoption/survey/")
    if "/accounts/login/" in staff.page.url:
        staff.sign_in("staff@platform.test")


@pytest.mark.incremental
class TestSetup:
    def test_she_signs_up_and_makes_a_workspace(self, owner: Visitor, demo: RunningDemo) -> None:
        owner.open("/accounts/signup/")
        owner.sign_up("Lena Marsh", OWNER)
        owner.confirm(OWNER)
        owner.follow("Create a workspace")
        owner.page.get_by_label("Company or team name").fill(COMPANY)
        owner.page.get_by_label("Address").fill(SLUG)
        expect(owner.page.locator("#slug-status")).to_contain_text("is free")
        owner.press("Create workspace")
        owner.arrive(demo.workspace(SLUG), timeout_s=60)
        card = owner.page.get_by_role("region", name="Set up your workspace")
        expect(card).to_contain_text("0 of 6")
        expect(owner.page.get_by_role("region", name="Settle in")).to_contain_text("1 of 3")
        owner.look("setup-dashboard")

    def test_the_card_folds_by_keyboard(self, owner: Visitor) -> None:
        card = owner.page.get_by_role("region", name="Set up your workspace")
        summary = card.locator("summary")
        summary.focus()
        owner.page.keyboard.press("Enter")
        expect(card.get_by_role("link", name="Open settings")).to_be_hidden()
        owner.page.keyboard.press("Enter")
        expect(card.get_by_role("link", name="Open settings")).to_be_visible()

    def test_each_step_leads_to_its_page_and_back(self, owner: Visitor, demo: RunningDemo) -> None:
        owner.follow("Go step by step")
        owner.heading("Setup")
        owner.look("setup-first-run")
        owner.follow("Open settings")
        owner.heading("Settings")
        owner.look("setup-way-back")
        owner.page.get_by_label("Name").fill(f"{COMPANY} Ltd")
        owner.press("Save")
        owner.notice("changed")
        self.until_done(owner, "Check name and address")
        owner.follow("Invite")
        owner.page.get_by_label(re.compile("E-mail")).first.fill("tom@lighthouse.test")
        owner.page.get_by_role("main").get_by_role("button", name=re.compile("Invite|Send")).click()
        owner.arrive(re.compile("/invitations/"))
        self.until_done(owner, "Invite people")

    @staticmethod
    def until_done(visitor: Visitor, title: str) -> None:
        """Back to the setup; the event is handled within a moment."""
        row = visitor.page.get_by_role("listitem").filter(has_text=title)
        for _time in range(40):
            visitor.open(visitor.demo.workspace(SLUG, "/onboarding/"))
            if "Done" in row.inner_text():
                return
            visitor.page.wait_for_timeout(250)
        raise AssertionError(f"{title} is not done")

    def test_she_goes_on_with_her_phone(self, phone: Visitor, demo: RunningDemo) -> None:
        phone.open(demo.workspace(SLUG, "/onboarding/"))
        phone.sign_in(OWNER, "correct horse battery")
        phone.heading("Setup")
        expect(phone.page.get_by_role("heading", name="Shape your organization")).to_be_visible()
        phone.look("setup-on-a-phone")

    def test_what_is_left_is_skipped(self, phone: Visitor) -> None:
        for title in (
            "Shape your organization",
            "Choose a plan or buy credits",
            "Secure the sign-in",
            "Make the first API key",
            "Say your name and time zone",
            "Add a second factor",
        ):
            expect(phone.page.get_by_role("heading", name=title)).to_be_visible()
            phone.press("Skip")
            phone.notice("Skipped")
        phone.page.get_by_role("heading", name="Everything is done").wait_for()
        phone.look("setup-everything-done")

    def test_the_dashboard_says_so_once(self, owner: Visitor, demo: RunningDemo) -> None:
        owner.open(demo.workspace(SLUG))
        for title in ("Set up your workspace", "Settle in"):
            expect(owner.page.get_by_role("region", name=f"{title}: done")).to_be_visible()
        owner.look("setup-done")
        for _time in range(2):
            owner.page.get_by_role("button", name="Close", exact=True).first.click()
            owner.notice("not shown")
        expect(owner.page.get_by_role("region", name=re.compile("done"))).to_have_count(0)


@pytest.mark.incremental
class TestSurvey:
    def test_staff_ask_something(self, staff: Visitor) -> None:
        sign_in_staff(staff)
        staff.open("/console/adoption/survey/create/")
        staff.page.get_by_label("Code").fill("tests.dashboard")
        staff.page.get_by_label("Question").fill(QUESTION)
        staff.page.get_by_label("When").select_option("after_days")
        staff.page.get_by_label("Days after joining").fill("0")
        staff.look("console-survey-new", framed_by_others=True)
        staff.page.get_by_label("Code").fill("tests.dashboard")
        staff.page.get_by_label("Question").fill(QUESTION)
        staff.page.get_by_label("Days after joining").fill("0")
        staff.page.get_by_role("button", name="Ask it").click()
        staff.heading(QUESTION)

    def test_she_answers_by_keyboard(self, owner: Visitor, demo: RunningDemo) -> None:
        owner.open(demo.workspace(SLUG))
        card = owner.page.get_by_role("region", name=QUESTION)
        expect(card).to_be_visible()
        owner.look("survey")
        card.get_by_role("radio", name="8").focus()
        owner.page.keyboard.press("ArrowRight")
        expect(card.get_by_role("radio", name="9")).to_be_checked()
        card.get_by_label("What is the main reason?").fill("It leads me through.")
        card.get_by_role("button", name="Send").click()
        owner.notice("Thank you")
        expect(card).to_have_count(0)

    def test_staff_read_it(self, staff: Visitor) -> None:
        staff.page.reload()
        main = staff.page.locator(".c-page")
        for _time in range(40):
            if "1 of" not in main.inner_text() and "of 1 who were asked" in main.inner_text():
                break
            staff.page.wait_for_timeout(250)
            staff.page.reload()
        expect(main).to_contain_text("It leads me through.")
        staff.look("console-survey", framed_by_others=True)
        for path, title in (("onboarding", "Onboarding"), ("features", "Features")):
            staff.open(f"/console/{path}/")
            staff.heading(title)
            staff.look(f"console-{path}", framed_by_others=True)
