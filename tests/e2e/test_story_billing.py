"""Charlie buys a plan for globex on Stripe's page, changes and cancels it: the sandbox plays Stripe."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Meet
from tests.e2e.running_demo import RunningDemo, wait
from tests.e2e.visitor import Visitor

CHECKOUT = re.compile(r"/sandbox/stripe/checkout/cs_")


@pytest.fixture
def charlie(meet: Meet) -> Visitor:
    return meet("charlie-who-pays")


def pay(visitor: Visitor, number: str) -> None:
    page = visitor.page
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expires").fill("12 / 34")
    page.get_by_label("Security code").fill("123")
    page.get_by_label("Name on card").fill("Charlie Chen")
    visitor.press("Start trial")


@pytest.mark.incremental
class TestBuying:
    def test_he_chooses_a_plan(self, charlie: Visitor, demo: RunningDemo) -> None:
        charlie.open(demo.workspace("globex", "/plan/"))
        charlie.sign_in("charlie@globex.test")
        charlie.heading("Plan and usage")
        charlie.follow("Compare plans")
        charlie.heading("Plans")
        charlie.look("plans")
        charlie.follow("Try Business")
        charlie.heading("Buy Business")
        charlie.look("plan-buy")
        charlie.press("Continue to payment")
        charlie.arrive(CHECKOUT)

    def test_a_declined_card_is_said_and_another_works(
        self, charlie: Visitor, demo: RunningDemo
    ) -> None:
        pay(charlie, "4000000000000002")
        expect(charlie.page.get_by_text("declined").first).to_be_visible()
        pay(charlie, "4242424242424242")
        charlie.arrive(demo.workspace("globex", "/plan/?bought=yes"))

    def test_the_plan_is_his_a_moment_later(self, charlie: Visitor, demo: RunningDemo) -> None:
        def is_there() -> bool:
            charlie.open(demo.workspace("globex", "/plan/"))
            return charlie.page.get_by_text("The trial ends on").count() == 1

        assert wait(is_there, 20)
        charlie.look("plan-bought")

    def test_a_smaller_plan_waits_and_can_be_taken_back(self, charlie: Visitor) -> None:
        charlie.follow("Compare plans")
        charlie.follow("Change to Starter")
        charlie.heading("Change to Starter")
        charlie.look("plan-change")
        charlie.press("Change then")
        charlie.notice("The plan changes when what is paid for ends.")
        expect(charlie.page.get_by_text("It changes to Starter on")).to_be_visible()
        charlie.press("Keep it as it is")
        charlie.notice("The subscription goes on as it is.")

    def test_he_cancels_and_keeps(self, charlie: Visitor) -> None:
        charlie.press("Cancel the subscription")
        dialog = charlie.page.get_by_role("dialog")
        dialog.get_by_role("button", name="Cancel the subscription").click()
        charlie.notice("The subscription ends when what is paid for ends.")
        expect(charlie.page.get_by_text("It ends on")).to_be_visible()
        charlie.press("Keep it as it is")
        charlie.notice("The subscription goes on as it is.")

    def test_there_is_an_invoice_and_the_portal(self, charlie: Visitor, demo: RunningDemo) -> None:
        charlie.follow("Invoices")
        expect(charlie.page.get_by_role("cell", name="Paid")).to_be_visible()
        charlie.look("invoices")
        charlie.open(demo.workspace("globex", "/plan/"))
        charlie.press("Card and tax ids")
        charlie.arrive(re.compile(r"/sandbox/stripe/portal/"))
        expect(charlie.page.get_by_text("4242")).to_be_visible()
