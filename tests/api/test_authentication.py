"""What every operation does with those who are not, or no longer, who they say."""

import base64
import json
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import Person, TokenSession
from apps.tenants.models import Tenant
from tests.accounts.support import force_sign_in
from tests.api.client import Api

pytestmark = pytest.mark.django_db


def _b64(data: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


def answer(client: Api, **headers: str) -> tuple[int, str]:
    response = client("GET", "members/", headers=headers)
    assert response.status_code != 401 or response["WWW-Authenticate"].startswith("Bearer")
    return response.status_code, response.json().get("code", "")


def test_no_credentials(api: Any) -> None:
    assert answer(api(None)) == (401, "not_authenticated")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "é",
        "." * 50,
        "x" * 5000,
        f"{_b64({'alg': 'none', 'typ': 'at+jwt'})}.{_b64({'sub': 'x'})}.",
        f"{_b64({'alg': 'HS256', 'typ': 'at+jwt', 'kid': 'x'})}.{_b64({'sub': 'x'})}.AAAA",
    ],
)
def test_tokens_that_are_none(api: Any, token: str) -> None:
    assert answer(api(None), Authorization=f"Bearer {token}")[0] == 401


def test_a_tampered_token(bearer: Any, alice: Person) -> None:
    client = bearer(alice)
    token = client.client.defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    head, claims, signature = token.split(".")
    changed = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"sub": str(alice.id)}
    for forged in (
        f"{head}.{_b64({**changed, 'exp': 2**40})}.{signature}",
        f"{head}.{claims}.{signature[:-8]}AAAAAAAA",
        f"{head}.{claims}.",
    ):
        assert answer(client, Authorization=f"Bearer {forged}") == (401, "token_invalid")
    assert answer(client)[0] == 200


def test_an_expired_token(bearer: Any, alice: Person, settings: Any) -> None:
    settings.ACCESS_TOKEN_LIFETIME_S = -1
    assert answer(bearer(alice)) == (401, "token_expired")


def test_a_revoked_session_and_an_inactive_person(bearer: Any, alice: Person) -> None:
    client = bearer(alice)
    TokenSession.objects.update(revoked_at=timezone.now())
    assert answer(client) == (401, "token_revoked")
    client = bearer(alice)
    Person.objects.filter(id=alice.id).update(is_active=False)
    assert answer(client) == (401, "token_revoked")


def test_a_write_by_cookie_needs_the_csrf_token(api: Any, alice: Person, acme: Tenant) -> None:
    client = api(None)
    client.client.handler.enforce_csrf_checks = True
    force_sign_in(client.client, alice, acme)
    response = client.post("roles/", {"name": "Host", "permissions": []})
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert client.get("roles/").status_code == 200


def test_a_session_of_another_host_is_no_good(api: Any, alice: Person, globex: Tenant) -> None:
    client = api(None)
    force_sign_in(client.client, alice, globex)
    assert answer(client) == (401, "not_authenticated")


def test_unknown_hosts(api: Any) -> None:
    for host in ("nobody.localhost:8000", "evil.test", "acme.localhost.evil.test", "'"):
        client = Api(host)
        response = client.client.get("/api/v1/members/")
        assert response.status_code in (400, 404)
        assert response["Content-Type"] == "application/problem+json"
