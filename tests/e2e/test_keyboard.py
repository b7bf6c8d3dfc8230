"""Signing in without a mouse."""

from playwright.sync_api import expect

from tests.e2e.conftest import Meet
from tests.e2e.running_demo import RunningDemo
from tests.e2e.visitor import DEMO_PASSWORD, Visitor

# Where the focus is, and whether one can see that it is there.
FOCUS = """() => {
  const node = document.activeElement;
  const style = getComputedStyle(node);
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return [node.name || node.innerText || node.tagName, outlined || style.boxShadow !== "none"];
}"""


def tab_to(visitor: Visitor, wanted: str, *, key: str = "Tab", limit: int = 25) -> None:
    """Press Tab until something has the focus; whatever gets it on the way must show it."""
    for _ in range(limit):
        name, visible = visitor.page.evaluate(FOCUS)
        if name.strip() == wanted:
            assert visible, f"the focus on {name!r} cannot be seen"
            return
        visitor.page.keyboard.press(key)
    raise AssertionError(f"{limit} times {key} did not lead to {wanted!r}")


def test_sign_in_by_keyboard_alone(meet: Meet, demo: RunningDemo) -> None:
    alice = meet("alice")
    keyboard = alice.page.keyboard
    alice.open(demo.workspace("acme"))
    alice.heading("Sign in")
    alice.look("sign-in")

    tab_to(alice, "login")
    keyboard.type("alice@acme.test")
    keyboard.press("Tab")
    tab_to(alice, "password")
    keyboard.type("not the password")
    keyboard.press("Enter")
    expect(alice.page.get_by_role("alert")).to_contain_text("do not match")
    alice.look("sign-in-refused")

    tab_to(alice, "password")
    keyboard.type(DEMO_PASSWORD)
    tab_to(alice, "Sign in")
    keyboard.press("Enter")
    alice.arrive(demo.workspace("acme"))
    alice.heading("Alice")

    # The first stop skips the navigation; the menus open, close, and give the focus back.
    alice.page.reload()
    keyboard.press("Tab")
    tab_to(alice, "Skip to content")
    keyboard.press("Enter")
    assert alice.page.url.endswith("#content")
    alice.page.get_by_label("Your account").focus()
    keyboard.press("Enter")
    expect(alice.page.get_by_role("link", name="Profile", exact=True)).to_be_visible()
    keyboard.press("Escape")
    expect(alice.page.get_by_role("link", name="Profile", exact=True)).to_be_hidden()
    keyboard.press("Control+k")
    expect(alice.page.get_by_role("combobox", name="Search")).to_be_focused()
    keyboard.type("bob")
    expect(alice.page.get_by_role("option").first).to_contain_text("Bob Baker")
    keyboard.press("Enter")
    alice.heading("Bob Baker")
