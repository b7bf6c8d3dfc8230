"""Who calls a tenant's API, for the staff."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.api.limits import REQUESTS
from apps.tenants.models import Tenant
from tests.api.client import bearer
from tests.conftest import Entitle
from tests.roles.support import by_key, make_key

pytestmark = pytest.mark.django_db
__all__ = ["bearer"]


def test_by_caller(
    console: Client, entitle: Entitle, owner: Actor, bearer: Any, bob: Person, acme: Tenant
) -> None:
    entitle({REQUESTS: 2})
    key = by_key(make_key(owner, "Nightly import").text)
    for _ in range(3):
        key.get("members/")
    bearer(bob).get("members/")
    url = reverse("admin:tenants_tenant_api_usage", args=[acme.pk], urlconf="config.urls_public")
    page = console.get(url)
    assert page.status_code == 200
    html = page.content.decode()
    for words in ("2 of each caller", "17 of 20", "Nightly import", "Bob Baker"):
        assert words in html
    assert '<span class="c-badge c-badge-bad">1</span>' in html


def test_nobody_yet(console: Client, acme: Tenant) -> None:
    url = reverse("admin:tenants_tenant_api_usage", args=[acme.pk], urlconf="config.urls_public")
    assert "Nobody calls the API now" in console.get(url).content.decode()
