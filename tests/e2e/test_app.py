"""A workspace as an app: what browsers want before they install it, offline, updates, push messages."""

import json
import re
import struct
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Meet
from tests.e2e.running_demo import RunningDemo
from tests.e2e.visitor import DEMO_PASSWORD, Visitor

NAME = "Acme Industries"
CONTROLLED = "() => navigator.serviceWorker.controller?.state === 'activated'"
# The browser has no push service here, as it is not on the internet: the sandbox's stands in.
PUSH_SERVICE = """(subscription) => {
  const bytes = (text) => Uint8Array.from(
    atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  const kept = () => localStorage.getItem("test-subscribed");
  const made = (key) => ({
    endpoint: subscription.endpoint,
    options: { applicationServerKey: key ?? bytes(kept()).buffer, userVisibleOnly: true },
    toJSON: () => ({ ...subscription, expirationTime: null }),
    unsubscribe: async () => { localStorage.removeItem("test-subscribed"); return true; },
  });
  PushManager.prototype.getSubscription = async () => kept() ? made() : null;
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    localStorage.setItem("test-subscribed", btoa(String.fromCharCode(...applicationServerKey)));
    return made(applicationServerKey.buffer);
  };
}"""


@pytest.fixture(scope="module")
def person(meet: Meet, demo: RunningDemo) -> Visitor:
    """Alice in acme, with the workspace's worker in charge of her pages."""
    visitor = meet("alice-with-app")
    visitor.open("/accounts/login/")
    visitor.sign_in("alice@acme.test", DEMO_PASSWORD)
    visitor.open(demo.workspace("acme"))
    # At the first visit it takes over the page that is open.
    visitor.page.wait_for_function(CONTROLLED)
    return visitor


def fetched(page: Page, path: str) -> dict[str, Any]:
    """Status, type and text of an address on the page's host."""
    return page.evaluate(
        """async (path) => {
          const answer = await fetch(path);
          const { status, headers } = answer;
          return { status, type: headers.get("Content-Type"), text: await answer.text() };
        }""",
        path,
    )


def png_size(visitor: Visitor, url: str) -> tuple[int, int]:
    # By the page: not every resolver knows *.localhost.
    body = bytes(
        visitor.page.evaluate(
            "async (url) => [...new Uint8Array(await (await fetch(url)).arrayBuffer()).slice(0, 24)]",
            url,
        )
    )
    assert body[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", body[16:24])


def test_it_can_be_installed(person: Visitor, demo: RunningDemo) -> None:
    """Chromium's criteria (web.dev/articles/install-criteria), and what Lighthouse looked for."""
    page = person.page
    href = page.locator("link[rel=manifest]").get_attribute("href")
    assert href
    found = fetched(page, href)
    assert (found["status"], found["type"]) == (200, "application/manifest+json")
    manifest = json.loads(found["text"])
    assert manifest["name"] == NAME
    assert len(manifest["short_name"]) <= 12
    assert (manifest["start_url"], manifest["scope"], manifest["id"]) == ("/", "/", "/")
    assert manifest["display"] == "standalone"
    assert re.fullmatch(r"#[0-9a-f]{6}", manifest["theme_color"])
    by = {(one["purpose"], one["sizes"]): one for one in manifest["icons"]}
    assert set(by) == {(p, s) for p in ("any", "maskable") for s in ("192x192", "512x512")}
    for (_purpose, size), one in by.items():
        width, height = png_size(person, urljoin(page.url, one["src"]))
        assert f"{width}x{height}" == size
    for shortcut in manifest["shortcuts"]:
        assert fetched(page, shortcut["url"])["status"] == 200
    assert fetched(page, manifest["start_url"])["status"] == 200
    assert page.locator("meta[name=viewport]").count() == 1
    assert page.locator("meta[name=theme-color]").count() == 2
    apple = page.locator("link[rel=apple-touch-icon]").get_attribute("href")
    assert png_size(person, urljoin(page.url, apple or "")) == (180, 180)
    session = person.context.new_cdp_session(page)
    problems = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # Playwright's contexts are private windows, where nothing is installed.
    assert [one["errorId"] for one in problems if one["errorId"] != "in-incognito"] == []
    told = session.send("Page.getAppManifest")
    assert [one["message"] for one in told["errors"]] == []


def test_the_worker_keeps_no_page_of_anybodys(person: Visitor, demo: RunningDemo) -> None:
    for path in ("/members/", "/notifications/", "/"):
        person.open(demo.workspace("acme", path))
    kept = person.page.evaluate(
        """async () => {
          const found = [];
          for (const name of await caches.keys()) {
            for (const request of await (await caches.open(name)).keys()) {
              found.push(new URL(request.url).pathname);
            }
          }
          return found;
        }"""
    )
    assert "/offline/" in kept
    assert all(path == "/offline/" or path.startswith("/static/") for path in kept), kept


def test_offline(person: Visitor, demo: RunningDemo) -> None:
    person.open(demo.workspace("acme", "/members/"))
    person.context.set_offline(True)
    try:
        person.page.goto(demo.workspace("acme", "/organizations/"))
        person.heading("You are offline")
        expect(person.page.get_by_role("main")).to_contain_text(f"{NAME} opens again")
        expect(person.page.get_by_role("main")).not_to_contain_text("alice")
        person.look("offline")
        expect(person.page.get_by_role("status")).to_contain_text("No connection", timeout=10_000)
        person.page.get_by_role("link", name="Try again").click()
        person.heading("You are offline")
    finally:
        person.context.set_offline(False)
    # It goes on by itself to what was asked for.
    expect(person.page.get_by_role("heading", level=1)).to_contain_text(
        "Organizations", timeout=10_000
    )
    # That nothing could be fetched is what this was about.
    person.findings.forget("ERR_INTERNET_DISCONNECTED")


def test_a_new_version_waits_for_its_reader(person: Visitor, demo: RunningDemo) -> None:
    person.open(demo.workspace("acme", "/settings/"))
    person.page.get_by_label("Name").fill("Acme Rockets")
    person.press("Save")
    person.notice("changed")
    notice = person.page.locator("[data-update]")
    expect(notice).to_contain_text("A new version is ready.", timeout=15_000)
    person.look("update-ready")
    with person.page.expect_navigation():
        notice.get_by_role("button", name="Reload").click()
    expect(notice).to_have_count(0)
    person.context.set_offline(True)
    person.page.goto(demo.workspace("acme", "/members/"))
    expect(person.page.get_by_role("main")).to_contain_text("Acme Rockets opens again")
    person.context.set_offline(False)
    person.findings.forget("ERR_INTERNET_DISCONNECTED")
    person.open(demo.workspace("acme", "/settings/"))
    person.page.get_by_label("Name").fill(NAME)
    person.press("Save")
    person.notice("changed")


def test_push_messages(person: Visitor, demo: RunningDemo) -> None:
    """Turned on, tested, shown by the worker, turned off from elsewhere."""
    origin = demo.workspace("acme").rstrip("/")
    person.context.grant_permissions(["notifications"], origin=origin)
    made = person.context.request.post(
        f"{demo.url}/sandbox/push/receivers/", data={"service": "web", "label": "A browser"}
    )
    subscription = made.json()["subscription"]
    person.context.add_init_script(f"({PUSH_SERVICE})({json.dumps(subscription)})")
    person.open(demo.workspace("acme", "/notifications/"))
    person.follow("Preferences")
    person.follow("Devices")
    person.heading("Devices")
    person.look("devices-off")
    with person.page.expect_navigation():
        person.press("Turn on for this browser")
    row = person.page.locator("li:has([data-here]:visible)")
    expect(row).to_contain_text("on Linux")
    person.look("devices")

    row.get_by_role("button", name="Send a test").click()
    person.notice("A test is on its way")
    answer = person.context.request.get(
        f"{demo.url}/sandbox/push/", headers={"Accept": "application/json"}
    )
    message = answer.json()["results"][0]
    assert subscription["endpoint"].endswith(message["receiver"])
    assert (message["title"], message["service"], message["urgency"]) == ("A test", "web", "high")
    assert message["url"] == f"{origin}/notifications/devices/"
    person.open("/sandbox/push/")
    person.look("sandbox-push")

    person.open(demo.workspace("acme", "/notifications/devices/"))
    shown = deliver(person, origin, {name: message[name] for name in ("title", "body", "url")})
    assert shown == [["A test", message["body"]]]
    # A second copy takes the place of the first.
    assert len(deliver(person, origin, {"title": "A test, again"})) == 1

    row.get_by_role("button", name="Remove").click()
    person.notice("Nothing is sent there any more")
    expect(person.page.get_by_role("button", name="Turn on for this browser")).to_be_visible()
    with person.page.expect_navigation():
        person.press("Turn on for this browser")
    with person.page.expect_navigation():
        person.press("Turn off")
    expect(row).to_have_count(0)


def test_an_iphone(person: Visitor, demo: RunningDemo) -> None:
    """APNs by HTTP/2, which the demo's server speaks with a client that speaks nothing else."""
    made = demo.request(
        "/sandbox/push/receivers/",
        method="POST",
        data={"service": "apns", "label": "Alice's iPhone"},
    )
    registered = demo.request(
        "/api/v1/push-devices/",
        slug="acme",
        method="POST",
        data={**made.json(), "label": "Alice's iPhone"},
        headers={"Authorization": f"Bearer {demo.token('alice@acme.test', DEMO_PASSWORD, 'acme')}"},
    )
    assert registered.status == 201, registered.body
    person.open(demo.workspace("acme", "/notifications/devices/"))
    person.page.get_by_role("button", name="Send a test to Alice's iPhone").first.click()
    person.notice("A test is on its way")
    found = demo.request(f"/sandbox/push/?receiver={made.json()['token']}").json()["results"]
    assert [(one["service"], one["title"], one["urgency"]) for one in found] == [
        ("apns", "A test", "10")
    ]


def deliver(person: Visitor, origin: str, note: dict[str, str]) -> list[list[str]]:
    """As the browser's push service would; what is shown then: title and body."""
    session = person.context.new_cdp_session(person.page)
    versions: list[dict[str, Any]] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: versions.extend(event["registrations"]),
    )
    session.send("ServiceWorker.enable")
    person.page.wait_for_timeout(300)
    registration = next(one for one in versions if one["scopeURL"].startswith(origin))
    session.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": origin,
            "registrationId": registration["registrationId"],
            "data": json.dumps({"tag": "one", **note}),
        },
    )
    person.page.wait_for_timeout(500)
    return person.page.evaluate(
        """async () => (await (await navigator.serviceWorker.ready).getNotifications())
             .map((one) => [one.title, one.body])"""
    )
