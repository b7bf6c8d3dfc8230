"""Alice looks where the credits went; staff give her more than one of them may give alone."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Meet
from tests.e2e.running_demo import RunningDemo
from tests.e2e.visitor import Visitor

ASKED = "250,000"


@pytest.fixture
def alice(meet: Meet) -> Visitor:
    return meet("alice-who-counts")


@pytest.fixture
def sam(meet: Meet) -> Visitor:
    return meet("sam-of-the-staff")


@pytest.fixture
def robin(meet: Meet) -> Visitor:
    return meet("robin-of-the-staff")


def balance(visitor: Visitor) -> float:
    stat = visitor.page.locator(".stat", has_text="Balance").locator("dd").first
    return float(stat.inner_text().replace(",", ""))


@pytest.mark.incremental
class TestCredits:
    found: dict[str, float | str] = {}

    def test_she_sees_what_there_is(self, alice: Visitor, demo: RunningDemo) -> None:
        alice.open(demo.workspace("acme", "/credits/"))
        alice.sign_in("alice@acme.test")
        alice.heading("Credits")
        self.found["before"] = balance(alice)
        alice.look("credits")
        alice.page.get_by_text("As a table").click()
        expect(alice.page.get_by_role("table", name="Credits used, by day")).to_be_visible()

    def test_usage_is_narrowed_and_kept_as_a_file(self, alice: Visitor, tmp_path: Path) -> None:
        alice.follow("Usage")
        alice.arrive(re.compile(r"/credits/usage/$"))
        alice.page.get_by_label("Grouped by").select_option("operation")
        alice.arrive(re.compile(r"by=operation"))
        alice.look("credits-usage")
        alice.follow("Translate documents")
        alice.arrive(re.compile(r"operation=sandbox\.translate"))
        shown = alice.page.get_by_role("heading", level=2).first.inner_text()
        with alice.page.expect_download() as waiting:
            alice.page.get_by_role("link", name="Export as CSV").click()
        waiting.value.save_as(tmp_path / "usage.csv")
        with (tmp_path / "usage.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert {one["operation"] for one in rows} == {"sandbox.translate"}
        total = sum(int(one["credits"].replace(".", "")) for one in rows)
        assert total == round(float(shown.split()[0].replace(",", "")) * 10**6)

    def test_the_statement_says_what_belongs_together(self, alice: Visitor) -> None:
        alice.follow("Statement")
        alice.arrive(re.compile(r"/credits/statement/$"))
        alice.page.get_by_label("Kind").select_option("refund")
        alice.arrive(re.compile(r"kind=refund"))
        alice.look("credits-statement")
        alice.page.get_by_role("link", name="of what was spent").first.click()
        alice.heading("Answer questions")
        expect(alice.page.get_by_role("table", name="Entries")).to_be_visible()
        expect(alice.page.get_by_role("link", name="Refund", exact=True)).to_be_visible()
        alice.look("credits-transaction")

    def test_grants_and_rates(self, alice: Visitor, demo: RunningDemo) -> None:
        alice.open(demo.workspace("acme", "/credits/grants/?state=all"))
        alice.look("credits-grants")
        alice.follow("Rates")
        alice.page.get_by_label("How many").fill("2000")
        alice.press("Estimate")
        expect(alice.page.get_by_role("status").get_by_text("tokens cost")).to_contain_text(
            "1.5 credits"
        )
        alice.look("credits-rates")

    def test_staff_cannot_give_so_much_alone(self, sam: Visitor, demo: RunningDemo) -> None:
        sam.open("/console/tenants/tenant/?q=acme")
        sam.sign_in("staff@platform.test")
        sam.page.get_by_role("link", name="acme", exact=True).first.click()
        sam.page.get_by_role("link", name="Credits", exact=True).click()
        sam.heading("Credits of acme")
        self.found["page"] = sam.page.url
        sam.look("console-credits", framed_by_others=True)
        sam.page.get_by_role("link", name="Give credits").click()
        sam.look("console-credits-give", framed_by_others=True)
        sam.page.get_by_label("Credits", exact=True).fill("250000")
        sam.page.get_by_label("Reason").fill("They moved to the yearly contract")
        sam.page.locator("form.c-form button[type=submit]").click()
        sam.heading("Credits of acme")
        expect(sam.page.get_by_text("a second one has to approve it")).to_be_visible()
        sam.page.get_by_role("link", name="Approve", exact=True).click()
        sam.page.get_by_label("Reason").fill("I am sure")
        sam.page.locator("form.c-form button[type=submit]").click()
        expect(sam.page.get_by_text("Another person has to approve")).to_be_visible()

    def test_a_second_person_approves(self, robin: Visitor) -> None:
        robin.open(str(self.found["page"]))
        robin.sign_in("second@platform.test")
        robin.heading("Credits of acme")
        robin.page.get_by_role("link", name="Approve", exact=True).click()
        expect(robin.page.get_by_text(f"+{ASKED} credits")).to_be_visible()
        robin.page.get_by_label("Reason").fill("The contract is signed")
        robin.page.locator("form.c-form button[type=submit]").click()
        expect(robin.page.get_by_text("The adjustment is approved and made.")).to_be_visible()

    def test_the_ledger_is_sound(self, robin: Visitor) -> None:
        robin.page.get_by_role("link", name="Verify the ledger").click()
        robin.page.locator("form.c-form button[type=submit]").click()
        expect(robin.page.get_by_text("None: all sound")).to_be_visible()

    def test_the_credits_are_hers(self, alice: Visitor, demo: RunningDemo) -> None:
        alice.open(demo.workspace("acme", "/credits/"))
        assert balance(alice) == pytest.approx(float(self.found["before"]) + 250_000)
        alice.follow("Statement")
        expect(alice.page.get_by_text("They moved to the yearly contract").first).to_be_visible()
