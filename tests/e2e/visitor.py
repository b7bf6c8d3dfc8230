"""A person with a browser of their own, who notices what is wrong with a page."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect

from tests.e2e.running_demo import ROOT, RunningDemo

SCREENSHOTS = ROOT / "screenshots"
PHONE, WIDE, NARROWEST = (390, 844), (1440, 900), (320, 640)
SIZES = {"phone": PHONE, "wide": WIDE}
SCHEMES = ("light", "dark")
PASSWORD = "correct horse battery"
DEMO_PASSWORD = "wrapper-demo"

# What can be told by looking at a page's tree: what WCAG 2.2 calls names, labels, language, landmarks.
AUDIT = """(isOurs) => {
  const found = [];
  const say = (text, node) => found.push(node ? `${text}: ${node.outerHTML.slice(0, 120)}` : text);
  const shown = (node) => node.checkVisibility({ visibilityProperty: true });
  const nameOf = (node) => (
    (node.getAttribute("aria-labelledby") ?? "").split(" ").filter(Boolean)
      .map((id) => document.getElementById(id)?.textContent ?? "").join(" ")
    + (node.getAttribute("aria-label") ?? "") + node.textContent + node.title
    + [...node.querySelectorAll("img")].map((image) => image.alt).join(" ")
  ).trim();
  if (!document.documentElement.lang) say("no lang on <html>");
  if (!document.title.trim()) say("no title");
  const headings = [...document.querySelectorAll("h1")].filter(shown);
  if (headings.length !== 1) say(`${headings.length} h1: ${headings.map((h) => h.innerText).join(" | ")}`);
  const mains = [...document.querySelectorAll("main, [role=main]")].filter(shown);
  if (isOurs && mains.length !== 1) say(`${mains.length} main landmarks`);
  const ids = new Set();
  for (const node of document.querySelectorAll("[id]")) {
    if (ids.has(node.id)) say(`the id ${node.id} is there twice`);
    ids.add(node.id);
  }
  for (const node of document.querySelectorAll("[aria-describedby], [aria-labelledby], [aria-controls]")) {
    for (const attribute of ["aria-describedby", "aria-labelledby"]) {
      for (const id of (node.getAttribute(attribute) ?? "").split(" ").filter(Boolean)) {
        if (!ids.has(id)) say(`${attribute} names ${id}, which is not there`, node);
      }
    }
  }
  for (const node of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!shown(node)) continue;
    const labelled = node.labels?.length || node.ariaLabel || node.getAttribute("aria-labelledby");
    if (isOurs && !labelled) say("a field without a label", node);
  }
  for (const node of document.querySelectorAll("a[href], button, summary, [role=button], iframe")) {
    if (shown(node) && !nameOf(node)) say("nothing says what this does", node);
  }
  for (const node of document.querySelectorAll("img:not([alt])")) say("an image without alt", node);
  for (const node of document.querySelectorAll("[tabindex]")) {
    if (node.tabIndex > 0) say("a tabindex above 0", node);
  }
  let level = 0;
  for (const node of [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(shown)) {
    const own = Number(node.tagName[1]);
    if (isOurs && level && own > level + 1) say(`h${own} follows h${level}`, node);
    level = own;
  }
  return found;
}"""
OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return null;
  const wide = [...document.querySelectorAll("body *")].filter((node) =>
    node.checkVisibility() && node.getBoundingClientRect().right > width + 1);
  return `${document.documentElement.scrollWidth} px, e.g. ${wide.at(-1)?.outerHTML.slice(0, 120)}`;
}"""
# Colours that fade into another scheme have arrived, and two frames have been drawn since.
PAINTED = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  for (const animation of document.getAnimations()) {
    if (animation instanceof CSSTransition) animation.finish();
  }
  await frame();
}"""
# Said of every page of a host that is neither localhost nor reached by HTTPS.
PLAIN_HTTP = "The Cross-Origin-Opener-Policy header has been ignored"
FAILED_TO_LOAD = re.compile(r"Failed to load resource: .* status of (4\d\d|503)")


@dataclass
class Findings:
    """What is wrong with the pages that were seen in this run.

    refused: addresses of pages that answered with a status from 400 on. Chromium complains of each in
    the console, sometimes before the answer is known here; that is no defect: the tests check statuses.
    """

    pages: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    notes: dict[str, str] = field(default_factory=dict)  # the defect, and the address it is about

    def add(self, defect: str, address: str = "") -> None:
        self.notes.setdefault(defect, address)

    def forget(self, text: str) -> None:
        """What was meant to go wrong."""
        self.notes = {note: where for note, where in self.notes.items() if text not in note}

    @property
    def defects(self) -> list[str]:
        return [
            defect
            for defect, address in self.notes.items()
            if not (address in self.refused and FAILED_TO_LOAD.search(defect))
        ]


class Visitor:
    """Every page opened is listened to; `look` examines the one that is open and photographs it."""

    def __init__(self, browser: Browser, demo: RunningDemo, findings: Findings) -> None:
        self.demo, self.findings = demo, findings
        self.context = browser.new_context(
            viewport={"width": WIDE[0], "height": WIDE[1]}, locale="en-GB", timezone_id="UTC"
        )
        self.context.set_default_timeout(10_000)
        # The first page that a new process serves imports all others first.
        self.context.set_default_navigation_timeout(30_000)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._note(f"script error: {error}"))
        self.page.on("response", self._receive)
        self.page.on("requestfailed", self._miss)

    # --- Listening ------------------------------------------------------------------------------
    def _note(self, text: str, address: str = "") -> None:
        place = re.sub(r"\?.*", "", self.page.url).replace(str(self.demo.port), "PORT")
        self.findings.add(f"{place}: {text}", address)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.text.startswith(PLAIN_HTTP):
            return
        if message.type in ("error", "warning"):
            self._note(f"console {message.type}: {message.text}", message.location.get("url", ""))

    def _receive(self, response: Response) -> None:
        is_page = response.request.is_navigation_request()
        if is_page and response.status >= 400:
            self.findings.refused.add(response.url)
        if response.status >= 500 and not (is_page and response.status == 503):
            self._note(f"{response.status} for {response.url}")
        elif response.status >= 400 and not is_page:
            self._note(f"{response.status} for {response.request.resource_type} {response.url}")

    def _miss(self, request: Request) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):  # by leaving the page
            self._note(f"{request.failure} for {request.url}")

    # --- Acting -----------------------------------------------------------------------------------
    def open(self, url: str, *, status: int = 200) -> None:
        """Go to an address, on the public host unless it is absolute."""
        address = url if url.startswith("http") else f"{self.demo.url}{url}"
        response = self.page.goto(address)
        assert response is not None
        assert response.status == status, f"{response.status} instead of {status} for {address}"

    def heading(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(text)

    def notice(self, text: str) -> None:
        """A toast that says so."""
        expect(self.page.get_by_role("status", name="Notices")).to_contain_text(text)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        """The first visible link with this name: pages repeat their first step."""
        self.page.get_by_role("link", name=name, exact=True).locator("visible=true").first.click()

    def sign_up(self, name: str, email: str, password: str = PASSWORD) -> None:
        self.page.get_by_label("Your name").fill(name)
        if self.page.get_by_label("E-mail address").input_value() != email:
            self.page.get_by_label("E-mail address").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.press("Create account")
        self.heading("Check your inbox")

    def confirm(self, email: str) -> None:
        self.open(self.demo.link_for(email, containing="/accounts/confirm-email/"))
        self.heading("Confirm your e-mail address")
        self.look("confirm-email")
        self.press("Confirm and continue")

    def sign_in(self, email: str, password: str = DEMO_PASSWORD) -> None:
        self.page.get_by_label("E-mail address").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.press("Sign in")

    def sign_out(self) -> None:
        self.page.get_by_label("Your account").click()
        self.press("Sign out")

    # --- Looking -----------------------------------------------------------------------------------
    def look(self, name: str, *, framed_by_others: bool = False) -> None:
        """Examine the open page and take its picture: two sizes, light and dark.

        framed_by_others: landmarks and headings come from unfold or Swagger UI, and are not ours to mend.
        """
        page = self.page
        page.wait_for_load_state("load")
        self.findings.pages.add(name)
        for problem in page.evaluate(AUDIT, not framed_by_others):
            self._note(f"[{name}] {problem}")
        with self._sized(NARROWEST):
            overflow = page.evaluate(OVERFLOW)
            if overflow:
                self._note(f"[{name}] scrolls sideways at 320 px: {overflow}")
        for label, size in SIZES.items():
            with self._sized(size):
                for scheme in SCHEMES:
                    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                    if framed_by_others:  # unfold asks for the scheme once, when it loads
                        page.reload()
                    page.evaluate(PAINTED)
                    page.screenshot(
                        path=SCREENSHOTS / f"{name}-{label}-{scheme}.png",
                        full_page=True,
                        animations="disabled",
                    )
        page.emulate_media(color_scheme="light", reduced_motion="no-preference")

    @contextmanager
    def _sized(self, size: tuple[int, int]) -> Iterator[None]:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        try:
            yield
        finally:
            self.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})

    def photograph(self, path: Path) -> None:
        self.page.screenshot(path=path)

    def arrive(self, url: str | re.Pattern[str], timeout_s: float = 20) -> None:
        """Wait until the browser has got to an address."""
        self.page.wait_for_url(url, timeout=timeout_s * 1000)

    def close(self) -> None:
        self.context.close()
