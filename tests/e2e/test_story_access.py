"""Who may do what where: alice shapes acme's tree, roles and groups, and sees what each change changes."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Meet
from tests.e2e.running_demo import RunningDemo
from tests.e2e.visitor import Visitor

BOB = "Bob Baker"
LOCAL = "%Y-%m-%dT%H:%M"


@pytest.fixture
def alice(meet: Meet) -> Visitor:
    return meet("alice-of-the-tree")


def item(visitor: Visitor, name: str) -> Locator:
    """An organization in the tree; those above it have its name within them."""
    return visitor.page.get_by_role("treeitem", name=name, exact=True)


def shown(visitor: Visitor) -> list[str]:
    links = visitor.page.get_by_role("tree", name="Organizations").locator("a.cover:visible")
    return [link.inner_text() for link in links.all()]


def choose(visitor: Visitor, label: str, name: str) -> None:
    """The option of this name, wherever in the tree its indentation puts it."""
    field = visitor.page.get_by_label(label, exact=True)
    option = field.locator("option").filter(has_text=re.compile(rf"^\W*{name}$"))
    field.select_option(value=option.get_attribute("value"))


@pytest.mark.incremental
class TestTree:
    def test_she_makes_a_division_and_a_branch(self, alice: Visitor, demo: RunningDemo) -> None:
        alice.open(demo.workspace("acme", "/organizations/"))
        alice.sign_in("alice@acme.test")
        alice.heading("Organizations")
        for name, above in (("Africa", "Acme Industries"), ("Lagos", "Africa")):
            alice.follow("New organization")
            alice.page.get_by_label("Name").fill(name)
            choose(alice, "Inside", above)
            alice.press("Create")
            alice.notice(name)
            expect(item(alice, name)).to_be_visible()
        alice.look("tree")

    def test_the_tree_is_walked_by_keyboard(self, alice: Visitor, demo: RunningDemo) -> None:
        alice.open(demo.workspace("acme", "/organizations/"))
        assert shown(alice) == ["Acme Industries", "Sales", "Engineering", "Finance", "Africa"]
        keyboard = alice.page.keyboard
        item(alice, "Acme Industries").focus()
        keyboard.press("End")
        expect(item(alice, "Africa")).to_be_focused()
        keyboard.press("ArrowRight")
        expect(item(alice, "Lagos")).to_be_visible()
        keyboard.press("ArrowRight")
        expect(item(alice, "Lagos")).to_be_focused()
        keyboard.press("ArrowLeft")
        keyboard.press("ArrowLeft")
        expect(item(alice, "Lagos")).to_be_hidden()
        keyboard.type("lag")  # not shown, so it is not found
        expect(item(alice, "Africa")).to_be_focused()
        keyboard.press("Enter")
        alice.heading("Africa")
        alice.look("organization-branch")

    def test_a_role_that_begins_and_ends(self, alice: Visitor, demo: RunningDemo) -> None:
        alice.open(demo.workspace("acme", "/members/"))
        alice.follow(BOB)
        alice.follow("Give a role")
        page = alice.page
        choose(alice, "Role", "Administrator")
        choose(alice, "At", "Lagos")
        page.get_by_text("Only for a time").click()
        starts = datetime.now() + timedelta(days=30)  # noqa: DTZ005 - as somebody types it
        page.get_by_label("Starts").fill(starts.strftime(LOCAL))
        page.get_by_label("Ends").fill((starts - timedelta(days=1)).strftime(LOCAL))
        alice.press("Give role")
        expect(page.get_by_role("alert")).to_contain_text("after it starts")
        alice.look("role-times-refused")
        page.get_by_label("Ends").fill((starts + timedelta(days=30)).strftime(LOCAL))
        alice.press("Give role")
        alice.notice("Bob Baker will be Administrator at Lagos")
        row = page.get_by_role("listitem").filter(has_text="at Lagos")
        expect(row).to_contain_text("Starts")
        alice.look("member-scheduled-role")
        alice.follow("Change when Administrator at Lagos ends")
        page.get_by_label("Ends").fill("")
        alice.press("Show what would change")
        expect(page.get_by_role("main")).to_contain_text("Nothing has changed yet")
        alice.look("role-end-preview")
        alice.press("Let it last")
        alice.notice("time is changed")

    def test_a_move_shows_what_it_changes(self, alice: Visitor, demo: RunningDemo) -> None:
        """Finance has an administrator, who comes to administer what is moved there."""
        page = alice.page
        alice.open(demo.workspace("acme", "/members/"))
        alice.follow(BOB)
        alice.follow("Give a role")
        choose(alice, "Role", "Administrator")
        choose(alice, "At", "Finance")
        alice.press("Give role")
        alice.notice("Administrator at Finance")
        alice.open(demo.workspace("acme", "/organizations/"))
        item(alice, "Africa").locator("a.tree-toggle").first.click()
        alice.follow("Lagos")
        alice.follow("Move…")
        alice.heading("Move Lagos")
        alice.look("organization-move")
        choose(alice, "New place, inside", "Finance")
        alice.press("Show what would change")
        main = page.get_by_role("main")
        expect(main).to_contain_text("Nothing has changed yet")
        expect(main.locator("dl").filter(has_text="Gain")).to_contain_text(BOB)
        alice.look("organization-move-preview")
        alice.press("Move Lagos")
        alice.notice("Lagos is now inside Finance")

    def test_dragging_opens_the_preview_and_moves_nothing(
        self, alice: Visitor, demo: RunningDemo
    ) -> None:
        alice.open(demo.workspace("acme", "/organizations/"))
        before = shown(alice)
        item(alice, "Africa").locator(".row").first.drag_to(
            item(alice, "Sales").locator(".row").first
        )
        alice.arrive(re.compile(r"/move/\?parent_id="))
        alice.heading("Move Africa")
        expect(alice.page.get_by_role("main")).to_contain_text("Into Sales: what would change")
        alice.open(demo.workspace("acme", "/organizations/"))
        assert shown(alice) == before
        # What is below it, itself and where it is already are no places for it.
        item(alice, "Finance").locator("a.tree-toggle").first.click()
        expect(item(alice, "Lagos")).to_be_visible()
        for place in ("Lagos", "Acme Industries"):
            item(alice, "Finance").locator(".row").first.drag_to(
                item(alice, place).locator(".row").first
            )
        alice.heading("Organizations")
        item(alice, "Finance").locator(".row").first.drag_to(
            item(alice, "Africa").locator(".row").first
        )
        alice.heading("Move Finance")
        alice.press("Move Finance")
        alice.notice("Finance is now inside Africa")

    def test_she_archives_and_restores(self, alice: Visitor, demo: RunningDemo) -> None:
        page = alice.page
        alice.open(demo.workspace("acme", "/organizations/"))
        alice.follow("Africa")
        alice.press("Archive…")
        dialog = page.get_by_role("dialog", name="Archive Africa?")
        expect(dialog).to_be_visible()
        alice.look("organization-archive")
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_be_hidden()
        alice.press("Archive…")
        dialog.get_by_role("button", name="Archive", exact=True).click()
        alice.notice("Africa is archived")
        expect(page.get_by_role("main")).to_contain_text("nothing can be added or moved")
        alice.look("organization-archived")
        alice.open(demo.workspace("acme", "/organizations/"))
        assert shown(alice) == ["Acme Industries", "Sales", "Engineering"]
        page.get_by_label("Archived organizations").select_option("1")
        alice.arrive(re.compile("archived=1"))
        expect(item(alice, "Africa")).to_contain_text("Archived")
        alice.look("tree-with-archived")
        alice.follow("Africa")
        alice.press("Restore")
        alice.notice("Africa is back")


@pytest.mark.incremental
class TestRoles:
    def test_the_matrix_changes_a_role(self, alice: Visitor, demo: RunningDemo) -> None:
        page = alice.page
        alice.open(demo.workspace("acme", "/roles/new/"))
        alice.look("role-new")
        page.get_by_role("textbox", name="Name").fill("Host")
        page.get_by_role("checkbox", name=re.compile("^Invite members")).check()
        alice.press("Create role")
        alice.notice("Host is created")
        alice.open(demo.workspace("acme", "/roles/matrix/"))
        box = page.get_by_role("checkbox", name="Host: Archive organizations")
        expect(page.get_by_role("checkbox", name="Host: Invite members")).to_be_checked()
        box.check()
        alice.look("role-matrix")
        alice.press("Save")
        alice.notice("Changed: Host")
        expect(box).to_be_checked()

    def test_a_group_holds_it(self, alice: Visitor, demo: RunningDemo) -> None:
        page = alice.page
        alice.open(demo.workspace("acme", "/groups/"))
        alice.look("groups-none")
        alice.follow("New group")
        page.get_by_label("Name").fill("Hosts")
        alice.press("Create group")
        alice.notice("Hosts is there")
        alice.follow("Give a role")
        choose(alice, "Role", "Host")
        choose(alice, "At", "Sales")
        alice.press("Give role")
        alice.heading("Hosts")
        alice.follow("Add a member")
        page.get_by_label("E-mail address").fill("bob@acme.test")
        alice.press("Show what would change")
        expect(page.get_by_role("main")).to_contain_text("Invite members")
        alice.look("group-member-preview")
        alice.press(f"Add {BOB}")
        alice.notice("is in Hosts now")
        alice.look("group")
        alice.open(demo.workspace("acme", "/groups/"))
        alice.look("groups")

    def test_his_page_says_what_he_can_do_and_why(self, alice: Visitor, demo: RunningDemo) -> None:
        page = alice.page
        alice.open(demo.workspace("acme", "/members/"))
        alice.follow(BOB)
        alice.follow(f"What {BOB} can do, where and why")
        alice.heading(f"What {BOB} can do")
        alice.look("member-access")
        invite = page.get_by_role("listitem").filter(has_text="organizations.invite_member")
        expect(invite).to_contain_text("Sales (host) and below")
        choose(alice, "At which organization", "Sales")
        alice.arrive(re.compile("organization="))
        expect(invite).to_contain_text("By the role host at Sales, through the group Hosts")
        page.get_by_label("Allowed or not").select_option("allowed")
        alice.arrive(re.compile("show=allowed"))
        expect(page.get_by_text("Not allowed:")).to_have_count(0)
        alice.look("member-access-at")

    def test_staff_see_it_and_take_it_away(
        self, alice: Visitor, meet: Meet, demo: RunningDemo
    ) -> None:
        staff = meet("staff-of-the-tree")
        page = staff.page
        staff.open("/console/tenants/tenant/?q=acme")
        staff.sign_in("staff@platform.test")
        staff.follow("acme")
        tenant = page.url.partition("?")[0]
        for name in ("organizations", "groups", "bindings"):
            staff.open(f"{tenant}{name}/")
            staff.look(f"console-{name}", framed_by_others=True)
        page.get_by_label("Member, group, role or organization").fill("hosts")
        staff.press("Find")
        page.get_by_role("row", name="Group Hosts").get_by_role("link", name="Take away").click()
        expect(page.get_by_text("Host of the group Hosts at Sales")).to_be_visible()
        staff.look("console-take-role", framed_by_others=True)
        page.get_by_label("Reason").fill("Asked by the owner")
        staff.press("Take a role away")
        expect(page.get_by_text("The role is taken away.")).to_be_visible()
        alice.open(demo.workspace("acme", "/groups/"))
        alice.follow("Hosts")
        expect(alice.page.get_by_role("main")).to_contain_text("None: being in it gives nothing.")
