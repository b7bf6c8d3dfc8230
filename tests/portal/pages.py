"""The pages that tests walk through, and what every one of them must be."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

TENANT_PAGES = (
    "/",
    "/onboarding/",
    "/onboarding/?step=workspace.plan",
    "/members/",
    "/members/?q=bob&status=active&role=member",
    "/members/?q=nobody-has-this-name",
    "/invitations/",
    "/invitations/?state=expired",
    "/invitations/requests/",
    "/invitations/import/",
    "/invitations/new/",
    "/groups/",
    "/groups/new/",
    "/organizations/",
    "/organizations/new/",
    "/roles/",
    "/roles/?q=nothing-has-these-words",
    "/roles/new/",
    "/roles/matrix/",
    "/roles/compare/",
    "/api-keys/",
    "/api-keys/?ended",
    "/plan/",
    "/plan/compare/",
    "/plan/contacts/",
    "/credits/budgets/",
    "/credits/budgets/?budgeted=1",
    "/credits/spending-caps/",
    "/credits/spending-caps/?q=nobody-has-this-name",
    "/credits/",
    "/credits/usage/",
    "/credits/grants/",
    "/credits/statement/",
    "/credits/rates/",
    "/api-keys/new/",
    "/settings/",
    "/settings/api-usage/",
    "/settings/export/",
    "/settings/addresses/",
    "/settings/addresses/change/",
    "/settings/origins/",
    "/settings/sign-in/",
    "/settings/sign-in/provider/connect/",
    "/settings/email-domains/",
    "/settings/notifications/",
    "/settings/notifications/log/",
    "/settings/notifications/log/?state=failed",
    "/notifications/preferences/",
    "/settings/provisioning/",
    "/settings/provisioning/tokens/new/",
    "/settings/provisioning/groups/",
    "/notifications/devices/",
)
PUBLIC_PAGES = (
    "/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/done/",
    "/accounts/password/reset/key/1-set-password/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/not-a-key/",
    "/accounts/inactive/",
)
PERSON_PAGES = (
    "/workspaces/",
    "/workspaces/new/",
    "/profile/",
    "/account/security/",
    "/account/security/required/",
    "/account/security/app/",
    "/account/security/passkeys/new/",
    "/accounts/reauthenticate/",
    "/profile/data/",
    "/profile/data/erase/",
    "/goodbye/",
    "/accounts/password/change/",
    "/accounts/logout/",
)
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
LABELLED = {"input", "select", "textarea"}


@dataclass
class Page(HTMLParser):
    """What a page says about itself; `problems` are breaches of the rules for every page."""

    headings: int = 0
    title: str = ""
    labels_for: set[str] = field(default_factory=set)
    controls: list[dict[str, str | None]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._stack: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag not in VOID:
            self._stack.append(tag)
        if tag == "h1":
            self.headings += 1
        if "style" in found or tag == "style":
            self.problems.append(f"inline style on <{tag}>")
        if tag == "script" and not found.get("src"):
            self.problems.append("inline script")
        self.problems += [f"inline handler {name}" for name in found if name.startswith("on")]
        if tag == "img" and "alt" not in found:
            self.problems.append("image without alt")
        if tag == "form" and (found.get("method") or "get").lower() not in ("get", "post"):
            self.problems.append("form with an odd method")
        if tag == "label" and found.get("for"):
            self.labels_for.add(found["for"] or "")
        if tag in LABELLED and found.get("type") not in ("hidden", "submit"):
            wrapped = "label" in self._stack
            self.controls.append({**found, "wrapped": "yes" if wrapped else None})
        if found.get("id"):
            self.ids.append(found["id"] or "")
        for name in ("aria-describedby", "aria-labelledby", "aria-controls"):
            self.references += (found.get(name) or "").split()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._stack:
            while self._stack.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._stack and self._stack[-1] == "title" and "svg" not in self._stack:
            self.title += data
        self.text.append(data)

    def check(self) -> list[str]:
        """Every breach, empty for a page as it should be."""
        found = list(self.problems)
        if self.headings != 1:
            found.append(f"{self.headings} h1 headings")
        if not self.title.strip():
            found.append("no title")
        for control in self.controls:
            named = control.get("aria-label") or control.get("wrapped")
            if not named and control.get("id") not in self.labels_for:
                found.append(f"control without label: {control.get('name')}")
        found += [f"id {one} twice" for one in {i for i in self.ids if self.ids.count(i) > 1}]
        found += [f"nothing has the id {one}" for one in self.references if one not in self.ids]
        return found


def read(html: bytes) -> Page:
    page = Page()
    page.feed(html.decode())
    return page
