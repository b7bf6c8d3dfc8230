"""What screen readers find on the console's pages, unfold's parts included."""

import re

import pytest
from django.test import Client

from apps.console.markup import accessible
from apps.tenants.models import Tenant
from tests.portal.pages import read

PATHS = ["/console/", "/console/tenants/tenant/", "/console/tenants/tenant/create/", "tenant"]


@pytest.mark.parametrize("path", PATHS)
def test_landmarks_and_names(console: Client, acme: Tenant, path: str) -> None:
    html = console.get(
        f"/console/tenants/tenant/{acme.pk}/" if path == "tenant" else path
    ).content.decode()
    assert html.count('role="main"') == 1
    assert html.count('aria-label="Search tenants, people and pages"') == 1
    assert read(html.encode()).headings == 1
    icons = re.findall(r'<span class="[^"]*material-symbols-outlined[^>]*>', html)
    assert icons
    assert [icon for icon in icons if "aria-hidden" not in icon] == []


@pytest.mark.parametrize("path", ["/console/", "tenant"])
def test_headings_of_our_pages_skip_no_level(console: Client, acme: Tenant, path: str) -> None:
    html = console.get(
        f"/console/tenants/tenant/{acme.pk}/" if path == "tenant" else path
    ).content.decode()
    levels = [int(level) for level in re.findall(r"<h([1-6])", html[html.index('id="main"') :])]
    assert levels[0] == 1
    assert set(levels[1:]) == {2}


def test_a_tenants_page_is_about_the_tenant(console: Client, acme: Tenant) -> None:
    html = console.get(f"/console/tenants/tenant/{acme.pk}/").content.decode()
    assert re.findall(r"<h1[^>]*>([^<]*)</h1>", html) == ["acme"]
    assert '<nav aria-label="Breadcrumb"' in html


def test_lists_name_their_search_and_their_sorting(console: Client, acme: Tenant) -> None:
    html = console.get("/console/tenants/tenant/?o=1").content.decode()
    assert 'aria-label="Search this list"' in html
    assert 'aria-label="Toggle sorting"' in html


def test_text_that_looks_like_markup_is_left_alone() -> None:
    text = "&lt;input id=&quot;searchbar&quot;&gt; &lt;h1&gt;x&lt;/h1&gt;"
    assert accessible(f"<p>{text}</p>") == f"<p>{text}</p>"
