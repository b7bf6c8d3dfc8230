"""Threads and real commits."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client

from apps.accounts import handoff, keys
from apps.accounts.models import Person, RefreshToken, SigningKey, TokenSession
from apps.common.ids import uuid7
from apps.common.proofs import Proof
from apps.events.models import OutboxEvent
from apps.tenants.models import Tenant
from tests.accounts.support import PUBLIC, post_json

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(number: int, call: Any) -> list[Any]:
    """What `number` threads get that call at the same moment."""
    barrier = Barrier(number)

    def run(index: int) -> Any:
        try:
            barrier.wait(timeout=20)
            return call(index)
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def test_twenty_refreshes_of_one_token(tokens: dict[str, str]) -> None:
    answers = at_once(
        20,
        lambda _: post_json(
            Client(HTTP_HOST=PUBLIC), "/api/v1/auth/token/refresh/", {"refresh": tokens["refresh"]}
        ),
    )
    won = [a for a in answers if a.status_code == 200]
    lost = [a for a in answers if a.status_code == 401]
    assert (len(won), len(lost)) == (1, 19)
    # A request that began after the winner's commit replays the token, and ends the family for those
    # that come after it.
    assert {a.json()["code"] for a in lost} <= {"refresh_token_reused", "refresh_token_invalid"}
    assert RefreshToken.objects.filter(used_at=None).count() == 1

    # Whoever presents it later surely replays it: the family has ended, whoever ended it.
    client = Client(HTTP_HOST=PUBLIC)
    replay = post_json(client, "/api/v1/auth/token/refresh/", {"refresh": tokens["refresh"]})
    assert replay.status_code == 401
    assert TokenSession.objects.get().revoked_reason == "refresh_token_reused"
    access = won[0].json()["access"]
    refused = client.get("/api/v1/me/", HTTP_AUTHORIZATION=f"Bearer {access}")
    assert (refused.status_code, refused.json()["code"]) == (401, "token_revoked")


def test_two_sign_ups_with_one_address() -> None:
    def sign_up(index: int) -> Any:
        return Client(HTTP_HOST=PUBLIC).post(
            "/accounts/signup/",
            {
                "name": f"Dana {index}",
                "email": "dana@example.com",
                "password1": "correct horse battery",
            },
        )

    answers = at_once(4, sign_up)
    assert {(a.status_code, a["Location"]) for a in answers} == {(302, "/accounts/confirm-email/")}
    assert EmailAddress.objects.filter(email="dana@example.com").count() == 1
    dana = Person.objects.get(email="dana@example.com")
    registered = OutboxEvent.objects.filter(name="accounts.person_registered")
    assert registered.filter(aggregate_id=str(dana.id)).count() == 1


def test_one_first_key() -> None:
    keys.forget()
    kids = at_once(4, lambda _: keys._create().kid)
    assert len(set(kids)) == 1
    assert SigningKey.objects.count() == 1


def test_one_ticket_twenty_browsers(acme: Tenant, alice: Person) -> None:
    state = handoff.new_state()
    host = "acme.localhost"
    ticket = handoff.issue(
        person_id=alice.id,
        session_id=uuid7(),
        tenant=acme,
        host=host,
        state=state,
        path="/",
        proof=Proof(),
    )
    redeemed = at_once(20, lambda _: handoff.redeem(ticket, tenant=acme, host=host, state=state))
    assert sum(r is not None for r in redeemed) == 1
