from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Person, RefreshToken, TokenSession
from apps.accounts.services import person_deactivate
from apps.accounts.tasks import prune_tokens
from apps.accounts.tokens import verify
from apps.events.models import OutboxEvent
from tests.accounts.support import SYSTEM, post_json

pytestmark = pytest.mark.django_db
Tokens = dict[str, str]


def refresh(client: Client, token: str) -> object:
    return post_json(client, "/api/v1/auth/token/refresh/", {"refresh": token})


def code(response: object) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_rotates(client: Client, tokens: Tokens) -> None:
    response = refresh(client, tokens["refresh"])
    assert response.status_code == 200
    body = response.json()
    assert body["refresh"] != tokens["refresh"]
    assert verify(body["access"]).session_id == verify(tokens["access"]).session_id
    assert TokenSession.objects.count() == 1
    assert refresh(client, body["refresh"]).status_code == 200


def test_reuse_revokes_the_family(
    client: Client, alice: Person, tokens: Tokens, published: Callable[[], list[OutboxEvent]]
) -> None:
    newest = refresh(client, tokens["refresh"]).json()
    assert code(refresh(client, tokens["refresh"])) == (401, "refresh_token_reused")
    assert code(refresh(client, newest["refresh"])) == (401, "refresh_token_invalid")
    me = client.get("/api/v1/me/", HTTP_AUTHORIZATION=f"Bearer {newest['access']}")
    assert code(me) == (401, "token_revoked")
    session = TokenSession.objects.get()
    [event] = published()
    assert event.name == "accounts.token_session_revoked"
    assert event.payload == {
        "person_id": str(alice.id),
        "session_id": str(session.id),
        "reason": "refresh_token_reused",
    }


def test_other_sign_ins_stay(client: Client, alice: Person, tokens: Tokens) -> None:
    other = post_json(
        client, "/api/v1/auth/token/", {"email": alice.email, "password": "wrapper-demo"}
    ).json()
    refresh(client, tokens["refresh"])
    refresh(client, tokens["refresh"])
    assert refresh(client, other["refresh"]).status_code == 200


@pytest.mark.parametrize("token", ["x", "a" * 200, "\u2603"])
def test_unknown(client: Client, tokens: Tokens, token: str) -> None:
    assert code(refresh(client, token)) == (401, "refresh_token_invalid")


def test_expired(client: Client, tokens: Tokens) -> None:
    RefreshToken.objects.update(expires_at=timezone.now())
    assert code(refresh(client, tokens["refresh"])) == (401, "refresh_token_invalid")


def test_deactivated(client: Client, alice: Person, tokens: Tokens) -> None:
    person_deactivate(actor=SYSTEM, person_id=alice.id)
    assert code(refresh(client, tokens["refresh"])) == (401, "refresh_token_invalid")


@pytest.mark.parametrize("body", [{}, {"refresh": ""}, {"refresh": "a" * 201}, {"refresh": 7.5}])
def test_bad_input(client: Client, body: dict[str, object]) -> None:
    response = post_json(client, "/api/v1/auth/token/refresh/", body)
    assert response.status_code in (400, 401)


def test_revoke_is_always_204(client: Client, tokens: Tokens) -> None:
    for token in (tokens["refresh"], tokens["refresh"], "unknown"):
        response = post_json(client, "/api/v1/auth/token/revoke/", {"refresh": token})
        assert (response.status_code, response.content) == (204, b"")
    assert TokenSession.objects.get().revoked_reason == "signed_out"
    me = client.get("/api/v1/me/", HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    assert code(me) == (401, "token_revoked")


def test_prune_keeps_what_may_still_be_used_or_reused(client: Client, tokens: Tokens) -> None:
    refresh(client, tokens["refresh"])
    assert prune_tokens() == 0
    RefreshToken.objects.filter(used_at__isnull=False).update(expires_at=timezone.now())
    assert prune_tokens() == 1
    TokenSession.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert prune_tokens() == 2
    assert (TokenSession.objects.count(), RefreshToken.objects.count()) == (0, 0)
