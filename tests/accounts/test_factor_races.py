"""Many requests at once: each code counts once, and each person has one app."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import caches
from django.db import connection
from django.test import Client

from apps.accounts import factors
from apps.accounts.models import Person, TokenSession
from apps.accounts.selectors import person_actor
from apps.common.errors import PlatformError
from tests.accounts.factors import SECRET, code, give_totp, kinds
from tests.accounts.support import PASSWORD, PUBLIC, post_json

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(count: int, call: Any) -> list[Any]:
    barrier = Barrier(count)

    def run(number: int) -> Any:
        barrier.wait()
        try:
            return call(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.parametrize("kind", ["totp", "recovery"])
def test_one_code_twenty_sign_ins(alice: Person, settings: Any, kind: str) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "1000/m/ip", "login": "1000/m/ip"}
    codes = give_totp(alice)
    given = code() if kind == "totp" else codes[4]

    def sign_in(_number: int) -> int:
        body = {"email": alice.email, "password": PASSWORD, "mfa_code": given}
        response = post_json(Client(HTTP_HOST=PUBLIC), "/api/v1/auth/token/", body)
        return int(response.status_code)

    answers = at_once(20, sign_in)
    assert (answers.count(200), set(answers) - {200, 401, 429}) == (1, set())
    assert TokenSession.objects.filter(person=alice).count() == 1


def test_one_app_of_eight_confirmations(alice: Person) -> None:
    key = factors._setup_key(alice.id, "s")
    caches["global"].set(key, factors.get_adapter().encrypt(SECRET), 60)
    shown = code()

    def add(_number: int) -> str:
        try:
            factors.totp_add(actor=person_actor(alice), person_id=alice.id, scope="s", code=shown)
        except PlatformError as error:
            return error.code
        return "added"

    assert sorted(at_once(8, add)) == ["added"] + ["totp_exists"] * 7
    assert kinds(alice) == ["recovery_codes", "totp"]
    assert Authenticator.objects.count() == 2
