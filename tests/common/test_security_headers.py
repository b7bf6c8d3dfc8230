"""What answers tell browsers: of every address of both sites, whatever they answer."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.http import HttpResponse
from django.test import Client, RequestFactory

from apps.common.security_headers import SecurityHeadersMiddleware
from apps.tenants.models import Tenant
from tests.access.routes import routes
from tests.accounts.support import PUBLIC, host
from tests.api.client import MISSING

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
DOCUMENTS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Reporting-Endpoints": 'csp="/reports/csp/"',
    "X-Frame-Options": "DENY",
}
STRICT = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types default",
    "report-to csp",
    "report-uri /reports/csp/",
}
# Frames and stand-ins of the sandbox, which is never in production.
SANDBOX = "/sandbox/"


def parts(response: Any) -> set[str]:
    return {part.strip() for part in response["Content-Security-Policy"].split(";")}


def check(response: Any, where: str) -> None:
    for name, value in ALWAYS.items():
        assert response[name] == value, (where, name)
    assert response["Cache-Control"], where
    policy = parts(response)
    assert not [part for part in policy if "unsafe" in part], where
    if "json" in response.get("Content-Type", ""):
        assert "default-src 'none'" in policy, where
        return
    assert policy >= STRICT - {"require-trusted-types-for 'script'", "trusted-types default"}, where
    for name, value in DOCUMENTS.items():
        assert response[name] == value, (where, name)
    assert "camera=()" in response["Permissions-Policy"], where
    assert "publickey-credentials-get=(self)" in response["Permissions-Policy"], where


def paths(urlconf: str) -> Iterator[str]:
    for route in routes(urlconf):
        path = re.sub(r"{(\w+_id)}", MISSING, route.template)
        path = re.sub(r"{size}", "192", path)
        path = re.sub(r"{(\w+)}", "x", path)
        if not path.startswith(SANDBOX):
            yield path


@pytest.mark.django_db
@pytest.mark.parametrize("urlconf", ["config.urls_public", "config.urls_tenant"])
def test_every_address_answers_with_them(acme: Tenant, urlconf: str) -> None:
    is_public = urlconf == "config.urls_public"
    client = Client(HTTP_HOST=PUBLIC if is_public else host(acme), raise_request_exception=False)
    found = list(paths(urlconf))
    assert len(found) > 100
    for path in found:
        for method in ("GET", "POST"):
            response = client.generic(method, path)
            assert response.status_code < 500, (method, path)
            check(response, f"{method} {path}")


@pytest.mark.django_db
@pytest.mark.parametrize("http_host", ["nobody.localhost:8000", "x_y:1", "evil.test"])
def test_errors_outside_of_any_site_do_too(http_host: str) -> None:
    for path in ("/", "/api/v1/me/", "/static/no-such.css", "/%00", "/health/ready/"):
        check(Client(HTTP_HOST=http_host).get(path), f"{http_host}{path}")


@pytest.mark.django_db
def test_static_files_do_too(world: object, settings: Any) -> None:
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    response = Client(HTTP_HOST=PUBLIC).get("/static/js/app.js")
    assert response.status_code == 200
    check(response, "static")
    assert parts(response) >= STRICT
    response.close()


@pytest.mark.django_db
def test_pages_have_the_whole_policy(acme: Tenant) -> None:
    assert parts(Client(HTTP_HOST=PUBLIC).get("/")) >= STRICT
    assert parts(Client(HTTP_HOST=host(acme)).get("/no-such-page/")) >= STRICT


def answer(response: HttpResponse, **environ: Any) -> HttpResponse:
    request = RequestFactory().get("/", **environ)
    made: HttpResponse = SecurityHeadersMiddleware(lambda _request: response)(request)
    return made


def test_what_a_view_says_itself_stays() -> None:
    own = {"Cache-Control": "public, max-age=60", "Cross-Origin-Resource-Policy": "cross-origin"}
    response = answer(HttpResponse(headers=own))
    assert {name: response[name] for name in own} == own


def test_answers_are_not_kept_unless_they_have_a_version() -> None:
    assert answer(HttpResponse())["Cache-Control"] == "no-store"
    assert answer(HttpResponse(headers={"ETag": '"1"'}))["Cache-Control"] == "private, no-cache"


def test_a_view_may_change_the_policy_and_its_frame() -> None:
    response = HttpResponse()
    response._csp_update = {"frame-src": ["'self'"]}  # type: ignore[attr-defined]
    response.xframe_options_exempt = True  # type: ignore[attr-defined]
    made = answer(response)
    assert "frame-src 'self'" in parts(made)
    assert parts(made) >= STRICT
    assert "X-Frame-Options" not in made


def test_plain_http_leads_to_https_but_for_probes(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    response = answer(HttpResponse(), HTTP_HOST="localhost")
    assert (response.status_code, response["Location"]) == (301, "https://localhost/")
    assert response["Cache-Control"] == "no-store"
    probe = RequestFactory().get("/health/live/", HTTP_HOST="localhost")
    made = SecurityHeadersMiddleware(lambda _request: HttpResponse())(probe)
    assert made.status_code == 200


@pytest.mark.parametrize(
    ("http_host", "sent"),
    [
        ("localhost", "max-age=60; includeSubDomains; preload"),
        ("acme.localhost", "max-age=60; includeSubDomains; preload"),
        ("work.acme.test", "max-age=60"),
    ],
)
def test_hsts_speaks_for_our_own_hosts_whole_domain_only(
    settings: Any, http_host: str, sent: str
) -> None:
    settings.SECURE_HSTS_SECONDS = 60
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    made = answer(HttpResponse(), HTTP_HOST=http_host, **{"wsgi.url_scheme": "https"})
    assert made["Strict-Transport-Security"] == sent
    plain = answer(HttpResponse(), HTTP_HOST=http_host)
    assert "Strict-Transport-Security" not in plain


def test_one_middleware_sets_all_of_them() -> None:
    """Each costs every request; the next thing to say goes into the one that is there."""
    assert [
        name for name in django_settings.MIDDLEWARE if re.search("header|csp|security", name)
    ] == ["apps.common.security_headers.SecurityHeadersMiddleware"]


def test_markup_is_made_by_nobody_but_htmx() -> None:
    """What Trusted Types refuse at run time, in our own scripts."""
    sinks = re.compile(
        r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function)"
    )
    for script in Path(django_settings.BASE_DIR, "static/js").glob("*.js"):
        assert not sinks.search(script.read_text()), script
