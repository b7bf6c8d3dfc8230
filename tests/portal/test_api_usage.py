"""The page of who calls the API."""

from typing import Any

import pytest

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.api.limits import REQUESTS
from apps.tenants.models import Tenant
from tests.api.client import bearer
from tests.conftest import Entitle
from tests.portal.conftest import SignIn
from tests.portal.pages import read
from tests.roles.support import by_key, make_key

pytestmark = pytest.mark.django_db
PATH = "/settings/api-usage/"
__all__ = ["bearer"]


def words(content: bytes) -> str:
    return " ".join(" ".join(read(content).text).split())


def test_by_caller(
    entitle: Entitle,
    owner: Actor,
    sign_in: SignIn,
    alice: Person,
    bob: Person,
    acme: Tenant,
    bearer: Any,
) -> None:
    entitle({REQUESTS: 2})
    made = make_key(owner, "Nightly import")
    for _ in range(3):
        by_key(made.text).get("members/")
    bearer(bob).get("members/")
    page = sign_in(alice, acme).get(PATH)
    assert page.status_code == 200
    text = words(page.content)
    assert "may send 2 requests in 15 minutes, all of them together 20." in text
    assert "Nightly import" in text
    html = page.content.decode()
    assert f'href="/api-keys/{made.key.id}/"' in html
    assert "Bob Baker" in text
    assert html.count("meter-danger") == 1
    assert html.count("badge-danger") == 1


def test_nobody_yet(sign_in: SignIn, alice: Person, acme: Tenant) -> None:
    assert "Nobody calls the API now" in words(sign_in(alice, acme).get(PATH).content)


def test_any_number(
    entitle: Entitle, sign_in: SignIn, alice: Person, acme: Tenant, bearer: Any, bob: Person
) -> None:
    entitle({REQUESTS: None})
    bearer(bob).get("members/")
    text = words(sign_in(alice, acme).get(PATH).content)
    assert "any number of requests" in text
    assert "Left" not in text


def test_a_key_that_is_gone(owner: Actor, sign_in: SignIn, alice: Person, acme: Tenant) -> None:
    made = make_key(owner, "Import")
    by_key(made.text).get("members/")
    made.key.delete()
    assert "A key that is gone" in words(sign_in(alice, acme).get(PATH).content)


def test_who_may_not_see_settings(sign_in: SignIn, bob: Person, acme: Tenant) -> None:
    assert sign_in(bob, acme).get(PATH).status_code == 403
