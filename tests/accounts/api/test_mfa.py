"""`auth/mfa/`, `auth/reauthenticate/`, and a second factor at `auth/token/`."""

import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Person, SignInPolicy, TokenSession
from apps.tenants.models import Tenant
from tests.accounts.factors import code, give_passkey, give_totp, kinds
from tests.accounts.support import PASSWORD, PUBLIC, force_sign_in, mails_after_drain, post_json
from tests.api.client import statements

pytestmark = pytest.mark.django_db
TOKEN = "/api/v1/auth/token/"


def ask(client: Client, person: Person, path: str = TOKEN, **extra: Any) -> Any:
    body = {"email": person.email, "password": PASSWORD, **extra}
    return post_json(client, path, body)


def problem(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def make_old(person: Person) -> None:
    TokenSession.objects.filter(person=person).update(
        proved_at=timezone.now() - timedelta(seconds=901)
    )


class TestToken:
    def test_asks_for_a_code(self, client: Client, alice: Person) -> None:
        give_totp(alice)
        assert problem(ask(client, alice)) == (401, "mfa_required")
        assert problem(ask(client, alice, mfa_code="000000")) == (401, "mfa_code_invalid")
        assert TokenSession.objects.count() == 0
        shown = code()
        assert ask(client, alice, mfa_code=shown).status_code == 200
        session = TokenSession.objects.get()
        assert session.methods == ["password", "totp"]
        assert session.proved_at is not None
        assert problem(ask(client, alice, mfa_code=shown)) == (401, "mfa_code_invalid")

    def test_takes_a_recovery_code_once(self, client: Client, alice: Person) -> None:
        codes = give_totp(alice)
        assert ask(client, alice, mfa_code=codes[0]).status_code == 200
        assert TokenSession.objects.get().methods == ["password", "recovery_code"]
        assert problem(ask(client, alice, mfa_code=codes[0])) == (401, "mfa_code_invalid")
        assert [mail.subject for mail in mails_after_drain()] == ["A recovery code was used"]

    def test_a_passkey_alone_asks_too(self, client: Client, alice: Person) -> None:
        give_passkey(alice)
        assert problem(ask(client, alice)) == (401, "mfa_required")

    def test_without_factors_a_code_is_wrong(self, client: Client, bob: Person) -> None:
        assert problem(ask(client, bob, mfa_code="123456")) == (401, "mfa_code_invalid")
        assert ask(client, bob).status_code == 200
        assert TokenSession.objects.get().methods == ["password"]

    def test_a_wrong_password_says_nothing_of_factors(self, client: Client, alice: Person) -> None:
        give_totp(alice)
        body = {"email": alice.email, "password": "wrong", "mfa_code": code()}
        assert problem(post_json(client, TOKEN, body)) == (401, "invalid_credentials")

    def test_wrong_codes_lock_with_the_pages(self, client: Client, alice: Person) -> None:
        give_totp(alice)
        for number in range(5):
            response = post_json(
                client,
                TOKEN,
                {"email": alice.email, "password": PASSWORD, "mfa_code": f"{number:06}"},
                REMOTE_ADDR=f"10.0.0.{number}",
            )
            assert problem(response) == (401, "mfa_code_invalid")
        response = ask(client, alice, mfa_code=code())
        assert problem(response) == (429, "rate_limited")
        assert 290 < int(response["Retry-After"]) <= 300
        browser = Client(HTTP_HOST=PUBLIC)
        browser.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
        page = browser.post("/accounts/mfa/authenticate/", {"code": code()}).content.decode()
        assert "Too many failed attempts" in page

    @pytest.mark.parametrize("given", ["", "x" * 41, None, [], {}])
    def test_bad_input(self, client: Client, alice: Person, given: Any) -> None:
        assert ask(client, alice, mfa_code=given).status_code == 400

    def test_a_tenant_that_requires_it(self, client: Client, bob: Person, acme: Tenant) -> None:
        SignInPolicy.objects.create(tenant=acme, require_mfa=True)
        body = {"email": bob.email, "password": PASSWORD}
        refused = post_json(client, TOKEN, body, headers={"X-Tenant": "acme"})
        assert problem(refused) == (403, "mfa_required")
        assert TokenSession.objects.count() == 0
        # One that is bound to no tenant lets them set a factor up.
        assert ask(client, bob).status_code == 200
        give_totp(bob)
        body["mfa_code"] = code()
        assert post_json(client, TOKEN, body, headers={"X-Tenant": "acme"}).status_code == 200


class TestFactors:
    def test_status(self, bearer: Any, alice: Person) -> None:
        client = bearer(alice, None)
        with statements(2):
            none = client.get("auth/mfa/").json()
        assert none == {"enabled": False, "totp": None, "passkeys": [], "recovery_codes_left": 0}
        give_totp(alice)
        give_passkey(alice, name="Laptop")
        found = client.get("auth/mfa/").json()
        assert (found["enabled"], found["recovery_codes_left"]) == (True, 10)
        assert [one["name"] for one in found["passkeys"]] == ["Laptop"]
        assert set(found["totp"]) == {"created_at", "last_used_at"}

    def test_set_up_and_remove(self, bearer: Any, alice: Person, published: Any) -> None:
        client = bearer(alice, None)
        setup = client.post("auth/mfa/totp/")
        assert (setup.status_code, setup["Cache-Control"]) == (200, "no-store")
        secret = setup.json()["secret"]
        assert setup.json()["uri"] == (
            f"otpauth://totp/alice%40acme.test?secret={secret}&issuer=Wrapper"
        )
        assert client.post("auth/mfa/totp/").json()["secret"] == secret
        wrong = client.post("auth/mfa/totp/confirm/", {"code": "12345"})
        assert (problem(wrong), kinds(alice)) == ((400, "code_invalid"), [])
        shown = code(secret)
        done = client.post("auth/mfa/totp/confirm/", {"code": shown})
        assert done.status_code == 201
        assert len(done.json()["recovery_codes"]) == 10
        assert kinds(alice) == ["recovery_codes", "totp"]
        # This sign-in has a second factor now, and the code is used up.
        assert TokenSession.objects.get().methods == ["password", "totp"]
        again = ask(Client(HTTP_HOST=PUBLIC), alice, mfa_code=shown)
        assert problem(again) == (401, "mfa_code_invalid")
        assert problem(client.post("auth/mfa/totp/")) == (409, "totp_exists")
        assert client.delete("auth/mfa/totp/").status_code == 204
        assert kinds(alice) == []
        assert client.delete("auth/mfa/totp/").status_code == 404
        names = [event.name for event in published() if event.name.startswith("accounts.factor")]
        assert names == ["accounts.factor_added", "accounts.factor_removed"]
        assert [mail.subject for mail in mails_after_drain()] == [
            "A way to sign in was added to your account",
            "A way to sign in was removed from your account",
        ]
        assert secret not in str([event.payload for event in published()])

    def test_one_sign_in_does_not_finish_what_another_began(
        self, bearer: Any, alice: Person
    ) -> None:
        thief, owner = bearer(alice, None), bearer(alice, None)
        secret = thief.post("auth/mfa/totp/").json()["secret"]
        refused = owner.post("auth/mfa/totp/confirm/", {"code": code(secret)})
        assert problem(refused) == (409, "totp_not_begun")
        assert owner.post("auth/mfa/totp/").json()["secret"] != secret
        assert kinds(alice) == []

    def test_recovery_codes(self, bearer: Any, alice: Person) -> None:
        client = bearer(alice, None)
        assert problem(client.post("auth/mfa/recovery-codes/")) == (409, "no_factor")
        old = give_totp(alice)
        new = client.post("auth/mfa/recovery-codes/").json()["recovery_codes"]
        assert (len(new), set(old) & set(new)) == (10, set())
        public = Client(HTTP_HOST=PUBLIC)
        assert problem(ask(public, alice, mfa_code=old[0])) == (401, "mfa_code_invalid")
        assert ask(public, alice, mfa_code=new[0]).status_code == 200

    def test_an_old_sign_in_proves_itself_first(self, bearer: Any, alice: Person) -> None:
        give_totp(alice)
        client = bearer(alice, None)
        make_old(alice)
        before = list(Authenticator.objects.values())
        for response in (
            client.post("auth/mfa/totp/"),
            client.post("auth/mfa/totp/confirm/", {"code": "1"}),
            client.delete("auth/mfa/totp/"),
            client.post("auth/mfa/recovery-codes/"),
        ):
            assert problem(response) == (403, "reauthentication_required")
        assert list(Authenticator.objects.values()) == before
        assert client.get("auth/mfa/").status_code == 200
        assert client.post("auth/reauthenticate/", {"password": PASSWORD}).status_code == 204
        assert client.post("auth/mfa/recovery-codes/").status_code == 201


class TestReauthenticate:
    def test_by_code_adds_the_factor(self, bearer: Any, alice: Person, published: Any) -> None:
        client = bearer(alice, None)
        give_totp(alice)
        make_old(alice)
        assert client.post("auth/reauthenticate/", {"mfa_code": code()}).status_code == 204
        session = TokenSession.objects.get()
        assert session.methods == ["password", "totp"]
        assert session.proved_at is not None
        assert time.time() - session.proved_at.timestamp() < 60
        assert published()[-1].payload["methods"] == "totp"

    def test_refuses(self, bearer: Any, alice: Person, bob: Person) -> None:
        give_totp(alice)
        client = bearer(alice, None)
        make_old(alice)
        for body, expected in (
            ({}, (400, "invalid")),
            ({"password": "wrong"}, (401, "invalid_credentials")),
            ({"mfa_code": "000000"}, (401, "mfa_code_invalid")),
            ({"password": "wrong", "mfa_code": code()}, (401, "invalid_credentials")),
        ):
            assert problem(client.post("auth/reauthenticate/", body)) == expected
        assert problem(client.delete("auth/mfa/totp/")) == (403, "reauthentication_required")
        assert TokenSession.objects.get().methods == ["password"]

    def test_of_a_page_s_session(self, api: Any, alice: Person, acme: Tenant) -> None:
        give_totp(alice)
        for tenant in (None, acme):
            client = api(None, tenant)
            force_sign_in(client.client, alice, tenant, ago_s=901)
            assert problem(client.delete("auth/mfa/totp/")) == (403, "reauthentication_required")
            assert client.post("auth/reauthenticate/", {"password": PASSWORD}).status_code == 204
            assert client.post("auth/mfa/recovery-codes/").status_code == 201

    def test_signed_out(self, api: Any) -> None:
        for path in ("auth/reauthenticate/", "auth/mfa/totp/", "auth/mfa/recovery-codes/"):
            assert api(None, None).post(path).status_code == 401
        assert api(None, None).get("auth/mfa/").status_code == 401
