"""Keys, versions, errors, parameters, idempotency, pages, expansion: what holds for every call."""

import re
import socket
import threading
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import stripe

from apps.sandbox.stripe.accounts import DEMO_SECRET_KEY
from apps.sandbox.stripe.models import StripeKey, StripeObject, StripeRequest
from tests.sandbox.stripe.conftest import BEGIN, Sandbox


def customers(sandbox: Sandbox) -> int:
    return StripeObject.objects.filter(account=sandbox.account, kind="customer").count()


def test_a_customer(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    made = client.v1.customers.create(
        {
            "email": "a@acme.test",
            "metadata": {"tenant": "acme", "x": "1"},
            "address": {"city": "Ulm"},
        }
    )
    assert made.id.startswith("cus_")
    assert (made.created, made.livemode, made.balance) == (BEGIN, False, 0)
    assert made.address is not None
    assert (made.address.city, made.address.line1) == ("Ulm", None)
    changed = client.v1.customers.update(made.id, {"metadata": {"x": "", "y": "2"}, "name": "Acme"})
    assert changed.to_dict()["metadata"] == {"tenant": "acme", "y": "2"}
    assert (changed.name, changed.email) == ("Acme", "a@acme.test")
    assert client.v1.customers.retrieve(made.id).to_dict() == changed.to_dict()
    assert client.v1.customers.delete(made.id).deleted
    assert client.v1.customers.retrieve(made.id).to_dict() == {
        "id": made.id,
        "object": "customer",
        "deleted": True,
    }
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.update(made.id, {"name": "B"})
    assert (refused.value.code, refused.value.http_status) == ("resource_missing", 404)
    types = [event.type for event in client.v1.events.list().data]
    assert types == ["customer.deleted", "customer.updated", "customer.created"]
    [updated] = client.v1.events.list({"type": "customer.updated"}).data
    assert updated.data.to_dict()["previous_attributes"] == {
        "metadata": {"x": "1", "y": None},
        "name": None,
    }


@pytest.mark.parametrize(
    ("key", "status", "message"),
    [
        ("sk_test_nobodys1234", 401, "Invalid API Key provided: sk_test_*******1234"),
        ("sk_live_abcdefgh", 401, "refuses live keys"),
        ("pk_test_abc", 403, "publishable API key"),
    ],
)
def test_keys(sandbox: Sandbox, key: str, status: int, message: str) -> None:
    with pytest.raises(stripe.StripeError, match=re.escape(message)) as refused:
        sandbox.client(api_key=key).v1.customers.list()
    assert refused.value.http_status == status
    assert sandbox.get("/v1/customers", headers={"Authorization": ""}).status_code == 401


def test_basic_authentication_and_the_demos_account(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/sandbox/stripe/v1/customers"
    answer = requests.get(url, auth=(DEMO_SECRET_KEY, ""), timeout=30)
    assert answer.json() == {
        "object": "list",
        "data": [],
        "has_more": False,
        "url": "/v1/customers",
    }
    assert answer.headers["Request-Id"].startswith("req_")
    assert answer.headers["Stripe-Version"] == "2026-08-26.dahlia"


def test_accounts_do_not_see_each_other(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({})
    other = sandbox.client(api_key=DEMO_SECRET_KEY)
    assert other.v1.customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        other.v1.customers.retrieve(made.id)
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        other.v1.customers.delete(made.id)
    assert "deleted" not in client.v1.customers.retrieve(made.id).to_dict()


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ("foo=1", "parameter_unknown", "foo"),
        ("address[planet]=mars", "parameter_unknown", "address[planet]"),
        ("balance=many", "parameter_invalid_integer", "balance"),
        ("tax_exempt=perhaps", None, "tax_exempt"),
        ("email=nobody", "email_invalid", "email"),
        ("balance=", "parameter_invalid_empty", "balance"),
        ("address=home", None, "address"),
        ("name=a&name[b]=c", None, "name[b]"),
        ("name=%00", None, None),
        ("name=%ff", None, None),
        ("test_clock=clock_none", "resource_missing", "test_clock"),
        ("metadata[" + "k" * 41 + "]=x", None, "metadata"),
    ],
)
def test_bad_parameters(sandbox: Sandbox, body: str, code: str | None, param: str | None) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = sandbox.get("/v1/customers", "POST", data=body, headers=headers)
    error = answer.json()["error"]
    assert (answer.status_code, error.get("code"), error.get("param")) == (400, code, param)
    assert error["type"] == "invalid_request_error"
    assert customers(sandbox) == 0
    line = StripeRequest.objects.get(account=sandbox.account)
    assert (line.method, line.path, line.status) == ("POST", "/v1/customers", 400)
    assert line.error == error


def test_other_bad_requests(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    assert sandbox.get("/v1/nothing").status_code == 404
    assert "Unrecognized request URL (GET: /v1/nothing)" in sandbox.get("/v1/nothing").text
    assert sandbox.get("/v1/customers", "POST", json={"name": "x"}).status_code == 400
    with pytest.raises(stripe.InvalidRequestError, match="Invalid Stripe API version: tomorrow"):
        client.v1.customers.list(options={"stripe_version": "tomorrow"})
    with pytest.raises(stripe.InvalidRequestError, match="no connected accounts"):
        client.v1.customers.list(options={"stripe_account": "acct_1"})
    assert customers(sandbox) == 0


def test_pages(client: stripe.StripeClient) -> None:
    ids = [client.v1.customers.create({"name": str(n)}).id for n in range(7)][::-1]
    first = client.v1.customers.list({"limit": 3})
    assert ([one.id for one in first.data], first.has_more) == (ids[:3], True)
    after = client.v1.customers.list({"limit": 3, "starting_after": ids[4]})
    assert ([one.id for one in after.data], after.has_more) == (ids[5:], False)
    before = client.v1.customers.list({"limit": 2, "ending_before": ids[4]})
    assert ([one.id for one in before.data], before.has_more) == (ids[2:4], True)
    assert [one.id for one in first.auto_paging_iter()] == ids
    assert client.v1.customers.list({"created": {"gt": BEGIN}}).data == []
    for wrong in ({"limit": 0}, {"limit": 101}, {"starting_after": "cus_none"}):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.customers.list(wrong)


def test_search(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({"email": "a@acme.test", "metadata": {"tenant": "acme"}})
    client.v1.customers.create({"email": "b@acme.test"})

    def found(query: str) -> list[str]:
        return [one.id for one in client.v1.customers.search({"query": query}).data]

    assert found('metadata["tenant"]:"acme"') == [made.id]
    assert found("email:'a@acme.test' AND metadata['tenant']:'acme'") == [made.id]
    assert len(found('email~"acme"')) == 2
    assert found('-email:"b@acme.test"') == [made.id]
    assert found(f"created>{BEGIN}") == []
    with pytest.raises(stripe.InvalidRequestError, match="unable to parse"):
        found("what?")


def test_one_key_one_answer(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    options: Any = {"idempotency_key": "k1"}
    first = client.v1.customers.create({"name": "A"}, options)
    again = client.v1.customers.create({"name": "A"}, options)
    assert again.to_dict() == first.to_dict()
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        client.v1.customers.create({"name": "B"}, options)
    assert customers(sandbox) == 1
    # A refusal is not kept: the key is good for what is right.
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"email": "no"}, {"idempotency_key": "k2"})
    assert client.v1.customers.create({"name": "C"}, {"idempotency_key": "k2"}).name == "C"
    assert StripeKey.objects.filter(account=sandbox.account).count() == 2


def test_half_a_request_is_none(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    """Who asks dies while it sends: what came must not stand for the whole under its key."""
    parts = urlsplit(f"{sandbox.url}/sandbox/stripe")
    head = (
        f"POST {parts.path}/v1/customers HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Authorization: Bearer {sandbox.account.secret_key}\r\nIdempotency-Key: half\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n"
        "Connection: close\r\n\r\nname=A"
    )
    with socket.create_connection((parts.hostname, parts.port)) as wire:
        wire.sendall(head.encode())
        wire.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: wire.recv(4096), b""))
    assert b" 400 " in answer.partition(b"\r\n")[0]
    assert customers(sandbox) == 0
    whole = client.v1.customers.create({"name": "A and B"}, {"idempotency_key": "half"})
    assert whole.name == "A and B"


def test_twenty_at_once_with_one_key(sandbox: Sandbox) -> None:
    """Each is answered with the one customer, or told that another request is under way."""
    barrier = threading.Barrier(20)
    seen: list[tuple[int, str]] = []

    def send() -> None:
        barrier.wait()
        answer = sandbox.get(
            "/v1/customers", "POST", data={"name": "A"}, headers={"Idempotency-Key": "race"}
        )
        seen.append((answer.status_code, answer.json().get("id", answer.json().get("error"))))

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert customers(sandbox) == 1
    assert {status for status, _told in seen} <= {200, 409}
    assert len({told for status, told in seen if status == 200}) == 1
    for status, told in seen:
        if status == 409:
            assert told["code"] == "idempotency_key_in_use"


@pytest.mark.parametrize("kind", ["error", "lost", "rate_limit"])
def test_the_librarys_retries_make_one_customer(
    sandbox: Sandbox, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stripe._http_client.HTTPClient.INITIAL_DELAY", 0.01)
    monkeypatch.setattr("stripe._http_client.HTTPClient.MAX_DELAY", 0.02)
    sandbox.control("fail", kind=kind, times=2, path="/v1/customers")
    if kind == "rate_limit":
        with pytest.raises(stripe.RateLimitError):
            sandbox.client(max_network_retries=2).v1.customers.create({"name": "A"})
        assert customers(sandbox) == 0
        return
    made = sandbox.client(max_network_retries=2).v1.customers.create({"name": "A"})
    assert customers(sandbox) == 1
    assert made.name == "A"
    statuses = StripeRequest.objects.filter(path="/v1/customers").values_list("status", flat=True)
    assert list(statuses) == [200, 500, 500]


def test_rate_limit(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    sandbox.control("rate-limit", per_s=1)
    with pytest.raises(stripe.RateLimitError):
        for _ in range(5):
            client.v1.customers.list()
    sandbox.control("clear")
    for _ in range(5):
        client.v1.customers.list()


def test_expanding(client: stripe.StripeClient) -> None:
    client.v1.customers.create({})
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        client.v1.customers.list({"expand": ["data.nothing"]})
    with pytest.raises(stripe.InvalidRequestError, match="more than 4 levels"):
        client.v1.customers.list({"expand": ["data.a.b.c.d.e"]})


def test_the_account(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    own = client.v1.accounts.retrieve_current()
    assert (own.id, own.country) == (sandbox.account.id, "DE")
    with pytest.raises(stripe.PermissionError):
        client.v1.accounts.retrieve("acct_other")
