"""A workspace as an app: manifest, icons, service worker, offline page. tests/e2e/test_app.py uses them."""

import io
import json
import re

import pytest
from PIL import Image

from apps.accounts.models import Person
from apps.portal.app_icons import KINDS, SIZES, icon_png, letter_of
from apps.portal.views.pwa import _short
from apps.tenants.models import Tenant
from tests.portal.conftest import SignIn
from tests.portal.pages import read

pytestmark = pytest.mark.django_db
PATHS = ("/manifest.webmanifest", "/service-worker.js", "/offline/", "/icons/any-192.png?v=A")


@pytest.mark.parametrize("path", PATHS)
def test_it_is_the_same_for_everybody(
    path: str, sign_in: SignIn, browser, alice: Person, acme: Tenant
) -> None:
    """Browsers fetch it without asking who is there; nothing of a person is in it."""
    signed_in, nobody = sign_in(alice, acme).get(path), browser(acme).get(path)
    assert signed_in.status_code == nobody.status_code == 200
    assert signed_in.content == nobody.content
    assert "Cookie" not in nobody.headers.get("Vary", "")
    assert nobody.cookies == {}


def test_the_public_site_is_no_app(browser) -> None:
    for path in PATHS:
        assert browser(None).get(path).status_code == 404


def test_the_manifest(browser, acme: Tenant) -> None:
    response = browser(acme).get("/manifest.webmanifest")
    assert response["Content-Type"] == "application/manifest+json"
    assert response["Cache-Control"] == "no-cache"
    manifest = json.loads(response.content)
    assert manifest["name"] == acme.name
    assert [one["purpose"] for one in manifest["icons"]] == ["any"] * 2 + ["maskable"] * 2
    assert [one["url"] for one in manifest["shortcuts"]] == [
        "/notifications/",
        "/members/",
        "/credits/",
    ]


def test_the_worker_changes_with_what_it_keeps(browser, acme: Tenant) -> None:
    def version() -> str:
        response = browser(acme).get("/service-worker.js")
        assert response["Content-Type"] == "text/javascript; charset=utf-8"
        assert response["Cache-Control"] == "no-cache"
        assert "worker-src 'self'" in response["Content-Security-Policy"]
        found = re.search(r'const VERSION = "([0-9a-f]{16})"', response.content.decode())
        assert found
        return found[1]

    before = version()
    assert version() == before
    acme.name = "Acme </script> \u2028 Rockets"
    acme.save()
    assert version() != before
    text = browser(acme).get("/service-worker.js").content.decode()
    config = re.search(r"const CONFIG = (.*);\n", text)
    assert config
    assert json.loads(config[1])["name"] == acme.name


def test_the_offline_page(browser, acme: Tenant) -> None:
    response = browser(acme).get("/offline/")
    assert read(response.content).check() == []
    assert acme.name in response.content.decode()
    assert "csrfmiddlewaretoken" not in response.content.decode()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
def test_icons(kind: str, size: int, browser, acme: Tenant) -> None:
    response = browser(acme).get(f"/icons/{kind}-{size}.png?v=A")
    assert response["Cache-Control"] == "public, max-age=2592000"
    image = Image.open(io.BytesIO(response.content))
    assert (image.format, image.size, image.mode) == ("PNG", (size, size), "RGBA")
    corner, middle = image.getpixel((0, 0)), image.getpixel((size // 2, size // 8))
    # A maskable one fills its square, the others leave the corners free.
    assert corner[3] == (255 if kind == "maskable" else 0)
    assert middle[3] == (0 if kind == "badge" else 255)


@pytest.mark.parametrize(
    "path", ["/icons/any-193.png", "/icons/other-192.png", "/icons/any-9999999.png"]
)
def test_no_other_icons_are_drawn(path: str, browser, acme: Tenant) -> None:
    assert browser(acme).get(path).status_code == 404


@pytest.mark.parametrize(
    ("name", "letter"),
    [
        ("acme", "A"),
        ("  Émile & Co", "E"),
        ("42 Bikes", "4"),
        ("“Quoted”", "Q"),
        ("東京", ""),
        ("…", ""),
        ("Ørsted", ""),
    ],
)
def test_the_letter_of_a_name(name: str, letter: str) -> None:
    assert letter_of(name) == letter
    assert icon_png(letter, "any", 96)[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Acme", "Acme"),
        ("Northwind Traders Ltd", "Northwind"),
        ("The Old Mill Company", "The Old Mill"),
        ("Donaudampfschifffahrt", "Donaudampfsc"),
    ],
)
def test_what_fits_below_an_icon(name: str, short: str) -> None:
    assert _short(name) == short


def test_pages_link_to_it(sign_in: SignIn, alice: Person, acme: Tenant) -> None:
    client = sign_in(alice, acme)
    text = client.get("/").content.decode()
    assert '<link rel="manifest" href="/manifest.webmanifest">' in text
    assert '<link rel="apple-touch-icon" href="/icons/maskable-180.png?v=A">' in text
    assert len(re.findall(r'name="theme-color"', text)) == 2
    mark = re.search(r'name="app-sign-in" content="([0-9a-f]{16})"', text)
    assert mark
    assert client.session.session_key not in text
    client.cookies["theme"] = "dark"
    dark = client.get("/").content.decode()
    assert re.findall(r'name="theme-color" content="(.*?)"', dark) == ["#0e1013"]
