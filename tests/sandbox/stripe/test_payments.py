"""Payment methods, payment and setup intents, refunds, disputes, the balance."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe.conftest import BEGIN, Sandbox

DAY = 24 * 3600


@pytest.fixture
def customer(client: stripe.StripeClient) -> stripe.Customer:
    return client.v1.customers.create({"email": "a@acme.test"})


def pay(client: stripe.StripeClient, method: str, **more: Any) -> dict[str, Any]:
    wanted = {"amount": 1000, "currency": "eur", "payment_method": method, "confirm": True} | more
    return client.v1.payment_intents.create(wanted).to_dict()  # type: ignore[arg-type]


def events(client: stripe.StripeClient) -> list[str]:
    return [one.type for one in client.v1.events.list({"limit": 100}).data][::-1]


def test_a_card_is_charged(client: stripe.StripeClient) -> None:
    intent = pay(client, "pm_card_visa", metadata={"x": "y"})
    assert (intent["status"], intent["amount_received"]) == ("succeeded", 1000)
    assert intent["client_secret"].startswith(f"{intent['id']}_secret_")
    shown = client.v1.payment_intents.retrieve(
        intent["id"], {"expand": ["latest_charge.balance_transaction", "payment_method"]}
    ).to_dict()
    charge = shown["latest_charge"]
    assert (charge["paid"], charge["captured"], charge["metadata"]) == (True, True, {"x": "y"})
    assert charge["payment_method_details"]["card"]["last4"] == "4242"
    assert (charge["balance_transaction"]["fee"], charge["balance_transaction"]["net"]) == (59, 941)
    assert not [name for name in shown["payment_method"] if name.startswith("_")]
    assert events(client) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.confirm(intent["id"])
    assert refused.value.code == "payment_intent_unexpected_state"
    # A card that was used without a customer is spent.
    with pytest.raises(stripe.InvalidRequestError, match="previously used"):
        pay(client, shown["payment_method"]["id"])


@pytest.mark.parametrize(
    ("token", "code", "decline"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
    ],
)
def test_declines_are_kept(
    client: stripe.StripeClient, token: str, code: str, decline: str
) -> None:
    with pytest.raises(stripe.CardError) as declined:
        pay(client, token)
    error = declined.value
    assert (error.code, error.http_status) == (code, 402)
    assert error.error is not None
    assert error.error.decline_code == decline
    intent = client.v1.payment_intents.list().data[0].to_dict()
    assert (intent["status"], intent["payment_method"]) == ("requires_payment_method", None)
    assert intent["last_payment_error"]["decline_code"] == decline
    assert client.v1.charges.list().data[0].to_dict()["failure_code"] == code
    assert error.json_body["error"]["payment_intent"]["id"] == intent["id"]
    assert events(client) == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
    ]
    paid = client.v1.payment_intents.confirm(intent["id"], {"payment_method": "pm_card_visa"})
    assert (paid.status, paid.last_payment_error) == ("succeeded", None)


def test_a_decline_is_the_answer_to_its_key_too(client: stripe.StripeClient) -> None:
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            client.v1.payment_intents.create(
                {
                    "amount": 1000,
                    "currency": "eur",
                    "payment_method": "pm_card_visa_chargeDeclined",
                    "confirm": True,
                },
                {"idempotency_key": "k"},
            )
    assert len(client.v1.charges.list().data) == 1


def test_three_d_secure(
    sandbox: Sandbox, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    intent = pay(client, "pm_card_authenticationRequired", return_url="https://acme.test/back")
    assert intent["status"] == "requires_action"
    action = intent["next_action"]["redirect_to_url"]
    assert action["return_url"] == "https://acme.test/back"
    assert action["url"].startswith(f"{sandbox.url}/sandbox/stripe/authenticate/{intent['id']}/?")
    without = pay(client, "pm_card_authenticationRequired")
    assert without["next_action"]["type"] == "use_stripe_sdk"
    method = client.v1.payment_methods.attach(
        "pm_card_authenticationRequired", {"customer": customer.id}
    )
    with pytest.raises(stripe.CardError) as declined:
        pay(client, method.id, customer=customer.id, off_session=True)
    assert declined.value.code == "authentication_required"
    latest = client.v1.payment_intents.list({"customer": customer.id}).data[0]
    assert latest.status == "requires_payment_method"


def test_manual_capture_and_cancel(client: stripe.StripeClient) -> None:
    intent = pay(client, "pm_card_visa", capture_method="manual")
    assert (intent["status"], intent["amount_capturable"]) == ("requires_capture", 1000)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.capture(intent["id"], {"amount_to_capture": 1001})
    assert refused.value.code == "amount_too_large"
    captured = client.v1.payment_intents.capture(intent["id"], {"amount_to_capture": 400})
    assert (captured.status, captured.amount_received) == ("succeeded", 400)
    other = pay(client, "pm_card_visa", capture_method="manual")
    gone = client.v1.payment_intents.cancel(other["id"], {"cancellation_reason": "abandoned"})
    assert (gone.status, gone.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError, match="status of canceled"):
        client.v1.payment_intents.confirm(other["id"], {"payment_method": "pm_card_visa"})


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"amount": 49}, "amount_too_small"),
        ({"amount": 100_000_000}, "amount_too_large"),
        ({"payment_method": "pm_none"}, "resource_missing"),
        ({"customer": "cus_none"}, "resource_missing"),
        ({"payment_method": None}, "payment_intent_unexpected_state"),
    ],
)
def test_wrong_intents(client: stripe.StripeClient, wrong: Any, code: str) -> None:
    given = {"amount": 1000, "payment_method": "pm_card_visa"} | wrong
    given = {name: value for name, value in given.items() if value is not None}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.create(given | {"currency": "eur", "confirm": True})
    assert refused.value.code == code
    assert client.v1.payment_intents.list().data == []


def test_payment_methods(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    card: Any = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}
    made = client.v1.payment_methods.create({"type": "card", "card": card})
    client.v1.payment_methods.attach(made.id, {"customer": customer.id})
    settings: Any = {"default_payment_method": made.id}
    client.v1.customers.update(customer.id, {"invoice_settings": settings})
    other = client.v1.customers.create({})
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        client.v1.payment_methods.attach(made.id, {"customer": other.id})
    with pytest.raises(stripe.InvalidRequestError, match="must be attached"):
        client.v1.customers.update(other.id, {"invoice_settings": settings})
    with pytest.raises(stripe.InvalidRequestError, match="does not belong"):
        pay(client, made.id, customer=other.id)
    with pytest.raises(stripe.CardError):
        client.v1.payment_methods.attach("pm_card_visa_chargeDeclined", {"customer": other.id})
    assert client.v1.customers.payment_methods.list(other.id).data == []
    listed = client.v1.customers.payment_methods.list(customer.id).data
    assert [one.id for one in listed] == [made.id]
    gone = client.v1.payment_methods.detach(made.id)
    assert gone.customer is None
    shown = client.v1.customers.retrieve(customer.id).to_dict()
    assert shown["invoice_settings"]["default_payment_method"] is None
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.payment_methods.attach(made.id, {"customer": customer.id})


def test_a_customer_with_a_card_from_the_start(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create(
        {
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
    )
    default = made.to_dict()["invoice_settings"]["default_payment_method"]
    assert [one.id for one in client.v1.customers.payment_methods.list(made.id).data] == [default]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"number": "abc"}, "incorrect_number"),
        ({"number": "4111111111111111"}, "card_declined"),
        ({"exp_month": 13}, "invalid_expiry_month"),
        ({"exp_year": 2025}, "invalid_expiry_year"),
        ({"cvc": "12"}, "invalid_cvc"),
    ],
)
def test_wrong_cards(client: stripe.StripeClient, change: Any, code: str) -> None:
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_methods.create({"type": "card", "card": card | change})
    assert refused.value.code == code


def test_setup_lets_later_payments_pass(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    setup = client.v1.setup_intents.create({"customer": customer.id})
    assert (setup.status, setup.usage) == ("requires_payment_method", "off_session")
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.setup_intents.confirm(setup.id)
    done = client.v1.setup_intents.confirm(setup.id, {"payment_method": "pm_card_visa"})
    assert done.status == "succeeded"
    intent = pay(client, str(done.payment_method), customer=customer.id, off_session=True)
    assert intent["status"] == "succeeded"
    waiting = client.v1.setup_intents.create(
        {
            "customer": customer.id,
            "payment_method": "pm_card_authenticationRequiredOnSetup",
            "confirm": True,
        }
    )
    assert waiting.status == "requires_action"
    with pytest.raises(stripe.CardError) as declined:
        client.v1.setup_intents.create(
            {
                "customer": customer.id,
                "payment_method": "pm_card_visa_chargeDeclined",
                "confirm": True,
            }
        )
    assert declined.value.json_body["error"]["setup_intent"]["last_setup_error"]
    assert client.v1.setup_intents.cancel(waiting.id).status == "canceled"


def test_refunds(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    intent = pay(client, "pm_card_visa")
    part = client.v1.refunds.create(
        {"payment_intent": intent["id"], "amount": 300, "reason": "requested_by_customer"}
    )
    assert (part.status, part.amount) == ("succeeded", 300)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        client.v1.refunds.create({"payment_intent": intent["id"], "amount": 701})
    assert client.v1.refunds.create({"charge": intent["latest_charge"]}).amount == 700
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"charge": intent["latest_charge"]})
    assert refused.value.code == "charge_already_refunded"
    charge = client.v1.charges.retrieve(intent["latest_charge"], {"expand": ["refunds"]}).to_dict()
    assert (charge["refunded"], charge["amount_refunded"]) == (True, 1000)
    assert [one["amount"] for one in charge["refunds"]["data"]] == [700, 300]
    pending = pay(client, "pm_card_pendingRefund")
    refund = client.v1.refunds.create({"payment_intent": pending["id"]})
    assert refund.status == "pending"
    failing = pay(client, "pm_card_refundFail")
    fails = client.v1.refunds.create({"payment_intent": failing["id"]})
    sandbox.control("advance", seconds=3600)
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert client.v1.refunds.retrieve(fails.id).status == "failed"
    assert client.v1.charges.retrieve(failing["latest_charge"]).amount_refunded == 0


def test_disputes(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    intent = pay(client, "pm_card_createDispute")
    [dispute] = client.v1.disputes.list().data
    assert (dispute.status, dispute.reason, dispute.amount) == (
        "needs_response",
        "fraudulent",
        1000,
    )
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": intent["id"]})
    assert refused.value.code == "charge_disputed"
    won = client.v1.disputes.update(
        dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}}
    )
    assert won.status == "won"
    assert events(client)[-3:] == [
        "charge.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]
    pay(client, "pm_card_createDispute")
    lost = client.v1.disputes.list().data[0]
    sandbox.control("advance", seconds=8 * DAY)
    assert client.v1.disputes.retrieve(lost.id).status == "lost"
    later = pay(client, "pm_card_visa")
    told = sandbox.control("dispute", charge=later["latest_charge"], reason="duplicate")
    assert client.v1.disputes.retrieve(told["id"]).reason == "duplicate"
    assert client.v1.disputes.close(told["id"]).status == "lost"


def test_balances(sandbox: Sandbox, client: stripe.StripeClient, customer: stripe.Customer) -> None:
    pay(client, "pm_card_visa")
    assert client.v1.balance.retrieve().to_dict()["pending"][0]["amount"] == 941
    sandbox.control("advance", seconds=3 * DAY)
    assert client.v1.balance.retrieve().to_dict()["available"][0]["amount"] == 941
    assert client.v1.balance_transactions.list().data[0].status == "available"
    client.v1.customers.balance_transactions.create(
        customer.id, {"amount": -500, "currency": "eur", "description": "Sorry"}
    )
    assert client.v1.customers.retrieve(customer.id).balance == -500
    [row] = client.v1.customers.balance_transactions.list(customer.id).data
    assert (row.ending_balance, row.type) == (-500, "adjustment")
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.balance_transactions.create(
            customer.id, {"amount": 1, "currency": "usd"}
        )


def test_on_a_test_clock(client: stripe.StripeClient) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": BEGIN + DAY})
    customer = client.v1.customers.create({"test_clock": clock.id})
    intent = pay(client, "pm_card_visa", customer=customer.id, setup_future_usage="off_session")
    assert client.v1.charges.retrieve(intent["latest_charge"]).created == BEGIN + DAY
    methods = client.v1.customers.payment_methods.list(customer.id).data
    assert [one.id for one in methods] == [intent["payment_method"]]
