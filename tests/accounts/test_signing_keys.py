"""Signing keys: the next one is known before it signs, the last one verifies until its tokens are gone."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import jwt
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.accounts import keys, signing_keys, tasks
from apps.accounts.errors import TokenInvalid
from apps.accounts.models import Person, SigningKey, TokenSession
from apps.accounts.signing_keys import signing_key_revoke, signing_key_rotate, signing_keys_tend
from apps.accounts.token_sessions import token_session_start
from apps.accounts.tokens import access_token, verify
from apps.common import crypto
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.events.models import OutboxEvent
from tests.conftest import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    keys.forget()


@pytest.fixture
def session(alice: Person) -> TokenSession:
    return token_session_start(person=alice, tenant_id=None, user_agent="x", ip=None).session


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let so many seconds pass for the keys; tokens are checked by the real clock."""
    real, gone = timezone.now, [0.0]
    monkeypatch.setattr(
        "apps.accounts.keys.timezone.now", lambda: real() + timedelta(seconds=gone[0])
    )

    def go(seconds: float) -> None:
        gone[0] += seconds
        keys.forget()

    return go


def published() -> list[str]:
    keys.forget()
    jwks = Client(HTTP_HOST="localhost:8000").get("/.well-known/jwks.json").json()
    return [key["kid"] for key in jwks["keys"]]


def states() -> list[str]:
    """The oldest first."""
    return [key.state.value for key in SigningKey.objects.order_by("signs_from", "id")]


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def events() -> list[str]:
    found = OutboxEvent.objects.filter(name__startswith="accounts.signing_key").order_by("position")
    return [event.name for event in found]


def test_the_next_key_is_published_before_it_signs(session: TokenSession) -> None:
    first = keys.key_set().kid
    following = signing_key_rotate(actor=SYSTEM)
    assert published() == [first, following.kid]
    assert kid_of(access_token(session)) == first
    assert states() == ["signing", "next"]
    wait = following.signs_from - timezone.now()
    assert timedelta(minutes=59) < wait <= timedelta(hours=1)
    assert events() == ["accounts.signing_key_rotated"]
    with pytest.raises(Conflict, match="It signs from") as caught:
        signing_key_rotate(actor=SYSTEM)
    assert caught.value.code == "rotation_under_way"
    assert SigningKey.objects.count() == 2


def test_it_takes_over_and_the_last_one_fades(
    session: TokenSession, later: Callable[[float], None]
) -> None:
    first = keys.key_set().kid
    old_token = access_token(session)
    following = signing_key_rotate(actor=SYSTEM)
    later(signing_keys.PUBLISHED_AHEAD_S + 1)
    assert kid_of(access_token(session)) == following.kid
    assert verify(old_token).session_id == session.id
    assert states() == ["verifying", "signing"]
    # 600 s for its last token, 60 s for a process that signs by what it has read.
    later(657)
    assert published() == [first, following.kid]
    assert tasks.tend_signing_keys() is None
    assert bytes(SigningKey.objects.get(kid=first).private_key_encrypted) != b""
    later(3)
    assert published() == [following.kid]
    assert states() == ["retired", "signing"]
    assert tasks.tend_signing_keys() is None
    assert bytes(SigningKey.objects.get(kid=first).private_key_encrypted) == b""
    with pytest.raises(TokenInvalid):
        verify(old_token)


def test_at_once(session: TokenSession) -> None:
    old_token = access_token(session)
    following = signing_key_rotate(actor=SYSTEM, at_once=True)
    keys.forget()
    new_token = access_token(session)
    assert kid_of(new_token) == following.kid
    for token in (old_token, new_token):
        assert verify(token).session_id == session.id
    assert states() == ["verifying", "signing"]


def test_what_waits_can_be_taken_at_once(session: TokenSession) -> None:
    waiting = signing_key_rotate(actor=SYSTEM)
    assert signing_key_rotate(actor=SYSTEM, at_once=True).kid == waiting.kid
    keys.forget()
    assert kid_of(access_token(session)) == waiting.kid
    assert states() == ["verifying", "signing"]


def test_without_a_key_the_first_signs_at_once() -> None:
    SigningKey.objects.all().delete()
    made = signing_key_rotate(actor=SYSTEM)
    keys.forget()
    assert keys.key_set().kid == made.kid
    assert states() == ["signing"]


class TestRevoke:
    def test_the_signing_key(self, session: TokenSession) -> None:
        first = keys.key_set().kid
        token = access_token(session)
        signing_key_revoke(actor=SYSTEM, kid=first, reason="it was in a backup")
        keys.forget()
        with pytest.raises(TokenInvalid):
            verify(token)
        new_token = access_token(session)
        assert verify(new_token).session_id == session.id
        assert published() == [kid_of(new_token)] != [first]
        assert states() == ["revoked", "signing"]
        assert bytes(SigningKey.objects.get(kid=first).private_key_encrypted) == b""
        assert events() == ["accounts.signing_key_revoked", "accounts.signing_key_rotated"]
        revoked = OutboxEvent.objects.get(name="accounts.signing_key_revoked")
        assert revoked.payload == {"kid": first, "reason": "it was in a backup"}

    def test_while_the_next_one_waits_it_takes_over(self, session: TokenSession) -> None:
        waiting = signing_key_rotate(actor=SYSTEM)
        first = keys.key_set().kid
        signing_key_revoke(actor=SYSTEM, kid=first, reason="x")
        keys.forget()
        assert kid_of(access_token(session)) == waiting.kid
        assert SigningKey.objects.count() == 2

    def test_the_next_one(self, session: TokenSession, later: Callable[[float], None]) -> None:
        first = keys.key_set().kid
        waiting = signing_key_rotate(actor=SYSTEM)
        signing_key_revoke(actor=SYSTEM, kid=waiting.kid, reason="x")
        assert published() == [first]
        later(signing_keys.PUBLISHED_AHEAD_S + 1)
        assert kid_of(access_token(session)) == first
        assert SigningKey.objects.get(kid=first).retired_at is None

    def test_one_that_only_verifies(self, session: TokenSession) -> None:
        token = access_token(session)
        following = signing_key_rotate(actor=SYSTEM, at_once=True)
        signing_key_revoke(actor=SYSTEM, kid=kid_of(token), reason="x")
        assert published() == [following.kid]
        with pytest.raises(TokenInvalid):
            verify(token)
        assert SigningKey.objects.count() == 2

    def test_bad_input_changes_nothing(self, session: TokenSession, owner: Actor) -> None:
        kid = keys.key_set().kid
        with pytest.raises(NotFound):
            signing_key_revoke(actor=SYSTEM, kid="nobody", reason="x")
        with pytest.raises(InvalidInput):
            signing_key_revoke(actor=SYSTEM, kid=kid, reason=" ")
        for refused in (
            lambda: signing_key_revoke(actor=owner, kid=kid, reason="x"),
            lambda: signing_key_rotate(actor=owner),
        ):
            with pytest.raises(PermissionDenied):
                refused()
        assert (states(), events()) == (["signing"], [])
        signing_key_revoke(actor=SYSTEM, kid=kid, reason="x")
        with pytest.raises(Conflict):
            signing_key_revoke(actor=SYSTEM, kid=kid, reason="x")


def test_the_schedule_rotates_a_key_that_is_old(session: TokenSession, settings: Any) -> None:
    first = keys.key_set().kid
    for days, age_days, makes in (
        (90, 89, False),
        (0, 900, False),
        (90, 91, True),
        (90, 91, False),
    ):
        settings.JWT_ROTATION_DAYS = days
        SigningKey.objects.filter(kid=first).update(
            signs_from=timezone.now() - timedelta(days=age_days)
        )
        made = signing_keys_tend()
        assert (made is not None) == makes
    assert states() == ["signing", "next"]


def test_a_key_from_before_this_release_goes_on(session: TokenSession) -> None:
    """The migration cannot know since when it signs: the database says, since now."""
    source = keys.key_set()
    stored = SigningKey.objects.get(kid=source.kid)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_signingkey"
            " (id, created_at, updated_at, kid, private_key_encrypted, public_jwk)"
            " SELECT gen_random_uuid(), now(), now(), 'old', private_key_encrypted, public_jwk"
            " FROM accounts_signingkey WHERE id = %s",
            [stored.id],
        )
    stored.delete()
    keys.forget()
    assert keys.key_set().kid == "old"


@pytest.mark.django_db(transaction=True)
def test_of_eight_rotations_at_once_one_is_made(alice: Person) -> None:
    keys.key_set()
    barrier, outcomes = threading.Barrier(8), []

    def rotate() -> None:
        barrier.wait()
        try:
            outcomes.append(signing_key_rotate(actor=SYSTEM).kid)
        except Conflict as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=rotate) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("rotation_under_way") == 7
    assert states() == ["signing", "next"]


def test_the_private_half_is_never_told(session: TokenSession) -> None:
    out = run("list", "--json")
    stored = SigningKey.objects.get()
    private = crypto.decrypt(bytes(stored.private_key_encrypted)).decode()
    for text in (out, run("list"), json.dumps(keys.key_set().jwks), repr(stored)):
        assert "PRIVATE" not in text
        assert private[100:140] not in text
    assert set(keys.key_set().jwks["keys"][0]) == {"kty", "use", "alg", "kid", "n", "e"}


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("keys", *arguments, stdout=out)
    return out.getvalue()


def test_the_command(session: TokenSession) -> None:
    SigningKey.objects.all().delete()
    assert run("list") == "No key yet. The first sign-in by API makes one.\n"
    keys.forget()
    first = keys.key_set().kid
    assert run("list").startswith(f"{first}  signing    since ")
    (made,) = json.loads(run("rotate", "--json"))
    assert (made["state"], made["signs_until"]) == ("next", None)
    assert f"{made['kid']}  next       signs from " in run("list")
    with pytest.raises(CommandError, match="The next key is there already"):
        run("rotate")
    assert f"{made['kid']}  signing " in run("rotate", "--now")
    assert f"{first}  revoked    at " in run("revoke", first, "--reason", "x")
    with pytest.raises(CommandError, match="There is no such key"):
        run("revoke", "nobody", "--reason", "x")
    with pytest.raises(CommandError, match="reason"):
        run("revoke", first)
