"""`auth/sessions/`: where a person is signed in, in browsers and by API."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import BrowserSession, Person, TokenSession
from apps.tenants.models import Tenant
from tests.accounts.api.test_me import Tokens, bearer, code, statements, tokens_for
from tests.accounts.support import PUBLIC, force_sign_in

pytestmark = pytest.mark.django_db
PATH = "/api/v1/auth/sessions/"


def listed(client: Client, tokens: Tokens | None = None, query: str = "") -> list[dict[str, Any]]:
    response = client.get(PATH + query, **(bearer(tokens) if tokens else {}))
    assert response.status_code == 200
    return response.json()["results"]


def signed_in(person: Person, user_agent: str) -> Client:
    browser = Client(HTTP_HOST=PUBLIC, HTTP_USER_AGENT=user_agent)
    force_sign_in(browser, person)
    return browser


def test_both_kinds_in_one_list(client: Client, alice: Person, acme: Tenant) -> None:
    mine = tokens_for(client, alice)
    tokens_for(client, alice, HTTP_USER_AGENT="phone", HTTP_X_TENANT="acme")
    browser = signed_in(alice, "")
    keys = ("kind", "device", "tenant", "current")
    expected = [
        ("api", "A client without a name", None),
        ("api", "phone", "acme"),
        ("browser", "A client without a name", None),
    ]
    for who, current in ((listed(client, mine), 0), (listed(browser), 2)):
        assert [tuple(row[key] for key in keys) for row in who] == [
            (*row, index == current) for index, row in enumerate(expected)
        ]
    assert set(listed(browser)[2]) == {
        "id", "kind", "parent_id", "tenant", "host", "device", "user_agent", "ip", "created_at",
        "last_used_at", "expires_at", "current",
    }  # fmt: skip
    assert "key_hash" not in browser.get(PATH).content.decode()


def test_pages_cost_one_statement(client: Client, alice: Person, tokens: Tokens) -> None:
    for _ in range(3):
        signed_in(alice, "")
        tokens_for(client, alice)
    ids = [row["id"] for row in listed(client, tokens)]
    assert ids == sorted(ids)
    assert len(ids) == 7
    found, path = [], f"{PATH}?page_size=3"
    while path:
        with statements(at_most=2):
            page = client.get(path, **bearer(tokens)).json()
        found += [row["id"] for row in page["results"]]
        path = page["next"]
    assert found == ids


def test_revoke_one(
    client: Client,
    alice: Person,
    bob: Person,
    tokens: Tokens,
    django_capture_on_commit_callbacks: Any,
) -> None:
    other = tokens_for(client, alice, HTTP_USER_AGENT="phone")
    browser = signed_in(alice, "Firefox/1")
    bobs, bobs_browser = tokens_for(client, bob), signed_in(bob, "")
    _mine, phone, firefox = listed(client, tokens)
    for row in (phone, firefox):
        with django_capture_on_commit_callbacks(execute=True):
            assert client.delete(f"{PATH}{row['id']}/", **bearer(tokens)).status_code == 204
    assert code(client.get("/api/v1/me/", **bearer(other))) == (401, "token_revoked")
    assert code(browser.get("/api/v1/me/")) == (401, "not_authenticated")
    assert len(listed(client, tokens)) == 1
    # Somebody else's is as missing.
    for missing in (
        TokenSession.objects.get(person=bob).id,
        BrowserSession.objects.get(person=bob).id,
        alice.id,
    ):
        response = client.delete(f"{PATH}{missing}/", **bearer(tokens))
        assert code(response) == (404, "not_found")
    assert client.get("/api/v1/me/", **bearer(bobs)).status_code == 200
    assert bobs_browser.get("/api/v1/me/").status_code == 200


def test_revoke_others(
    client: Client,
    alice: Person,
    bob: Person,
    tokens: Tokens,
    django_capture_on_commit_callbacks: Any,
) -> None:
    other, browser = tokens_for(client, alice), signed_in(alice, "")
    bobs = tokens_for(client, bob)
    path = f"{PATH}revoke-others/"
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(path, **bearer(tokens))
    assert (response.status_code, response.json()) == (200, {"revoked": 2})
    assert client.post(path, **bearer(tokens)).json() == {"revoked": 0}
    assert code(client.get("/api/v1/me/", **bearer(other))) == (401, "token_revoked")
    assert code(browser.get("/api/v1/me/")) == (401, "not_authenticated")
    for good in (tokens, bobs):
        assert client.get("/api/v1/me/", **bearer(good)).status_code == 200
    assert code(client.post(path)) == (401, "not_authenticated")
