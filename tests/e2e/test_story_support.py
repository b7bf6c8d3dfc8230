"""Platform support acts for bob: in by the console, under a bar, without what is dangerous, out again."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Meet
from tests.e2e.running_demo import RunningDemo, wait
from tests.e2e.visitor import Visitor

REASON = "Ticket 4711: the list is empty for them"


@pytest.fixture
def sam(meet: Meet) -> Visitor:
    return meet("sam-of-support")


@pytest.mark.incremental
class TestSupport:
    def test_sam_comes_in_as_alice(self, sam: Visitor, demo: RunningDemo) -> None:
        sam.open("/console/tenants/tenant/?q=acme")
        sam.sign_in("staff@platform.test")
        sam.page.get_by_role("link", name="acme", exact=True).first.click()
        sam.page.get_by_role("link", name="Members", exact=True).click()
        row = sam.page.get_by_role("row").filter(has_text="alice@acme.test")
        row.get_by_role("link", name="Act for them").click()
        sam.page.get_by_label("Reason").fill(REASON)
        sam.press("Act for a member")
        expect(sam.page).to_have_url(demo.workspace("acme"))
        bar = sam.page.get_by_role("complementary", name="You act for a member")
        expect(bar).to_contain_text("staff@platform.test acting for Alice Archer")
        expect(bar).to_contain_text(REASON)
        sam.look("support")

    def test_the_bar_stays_and_what_is_dangerous_is_refused(
        self, sam: Visitor, demo: RunningDemo
    ) -> None:
        sam.open(demo.workspace("acme", "/api-keys/"), status=403)
        sam.heading("Only the member may do this")
        expect(sam.page.get_by_role("complementary", name="You act for a member")).to_be_visible()

    def test_alice_got_a_mail(self, demo: RunningDemo) -> None:
        assert wait(
            lambda: any(
                "Support is acting" in one["subject"] for one in demo.mails("alice@acme.test")
            ),
            20,
        )

    def test_sam_stops_and_is_back_in_the_console(self, sam: Visitor, demo: RunningDemo) -> None:
        sam.press("Stop")
        expect(sam.page).to_have_url(re.compile(r"/console/tenants/tenant/[0-9a-f-]{36}/$"))
        sam.open(demo.workspace("acme"), status=404)
        expect(sam.page.get_by_role("complementary", name="You act for a member")).to_have_count(0)
