"""Events of one customer about several objects: one transaction, as long as nothing fails."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction

from apps.billing.inbox import mirror
from apps.billing.inbox.processing import MAX_ATTEMPTS, lane_process
from apps.billing.inbox.registry import StripeChange, stripe_handler
from apps.billing.models import StripeEvent
from tests.billing.stripe_double import StripeDouble
from tests.billing.support import deliver, event, state_of
from tests.billing.test_inbox import due_now, mirrored, subscription

pytestmark = pytest.mark.django_db


def purchase(double: StripeDouble) -> dict[str, dict[str, Any]]:
    """What Stripe tells of a first one, by type; all of it is delivered."""
    bought = subscription(double)
    customer = double.objects["/v1/customers/cus_1"]
    invoice = double.put(
        id="in_1", object="invoice", customer="cus_1", currency="eur", status="paid", discounts=[]
    )
    told = {
        "customer.created": customer,
        "customer.subscription.created": {**bought, "status": "incomplete"},
        "invoice.created": {**invoice, "status": "draft"},
        "invoice.paid": invoice,
        "customer.subscription.updated": bought,
    }
    made = {kind: event(kind, subject) for kind, subject in told.items()}
    for one in made.values():
        deliver(one)
    return made


def states(told: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {kind: state_of(one) for kind, one in told.items()}


def test_a_purchase_is_one_transaction_and_a_request_for_each_object(
    stripe_double: StripeDouble,
    queued: list[str],
    heard: list[StripeChange],
    statements_of: Callable[[Callable[[], object]], int],
) -> None:
    """The customer that the subscription refers to is the one that was asked for because of its own event."""
    subscription(stripe_double)
    deliver(event("price.created", stripe_double.objects["/v1/prices/price_1"]))
    lane_process("price_1")
    stripe_double.requests.clear()
    heard.clear()
    told = purchase(stripe_double)
    assert statements_of(lambda: lane_process("cus_1")) == 23
    assert states(told) == dict.fromkeys(told, "done")
    assert sorted(stripe_double.requests) == [
        ("GET", "/v1/customers/cus_1"),
        ("GET", "/v1/invoices/in_1"),
        ("GET", "/v1/subscriptions/sub_1"),
    ]
    assert sorted(change.type for change in heard) == sorted(told)


def test_no_handler_is_told_before_dj_stripe_has_what_it_wants(
    stripe_double: StripeDouble, queued: list[str], heard: list[StripeChange]
) -> None:
    """The price is new, which begins the transaction anew: nobody hears of anything twice."""
    told = purchase(stripe_double)
    assert lane_process("cus_1") == len(told)
    assert stripe_double.count("GET", "/v1/products/prod_1") == 1
    assert sorted(change.type for change in heard) == sorted(told)


def test_one_that_fails_holds_up_no_other_object(
    stripe_double: StripeDouble, queued: list[str], heard: list[StripeChange]
) -> None:
    def break_down(_change: StripeChange) -> None:
        raise ValueError("no")

    stripe_handler("invoice.paid")(break_down)
    told = purchase(stripe_double)
    assert lane_process("cus_1") == 4
    assert states(told) == {**dict.fromkeys(told, "done"), "invoice.paid": "pending"}
    assert mirrored("Subscription", "sub_1")["status"] == "active"
    failed = StripeEvent.objects.get(state="pending")
    assert "ValueError: no" in failed.last_error


def test_what_stripe_does_not_tell_holds_up_no_other_object(
    stripe_double: StripeDouble, queued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = stripe_double.answer

    def partly(method: str, path: str, *more: Any) -> tuple[int, dict[str, Any]]:
        stripe_double.outage = 503 if "invoices" in path else 0
        return whole(method, path, *more)

    monkeypatch.setattr(stripe_double, "answer", partly)
    monkeypatch.setattr("apps.billing.gateway.MAX_RETRIES", 0)
    told = purchase(stripe_double)
    assert lane_process("cus_1") == 3
    kinds = {"invoice.created": "pending", "invoice.paid": "pending"}
    assert states(told) == {**dict.fromkeys(told, "done"), **kinds}


def test_one_that_ends_its_worker_takes_no_other_object_along(
    stripe_double: StripeDouble, queued: list[str], heard: list[StripeChange]
) -> None:
    """They began together once; from the second attempt on each object is by itself."""

    class Killed(BaseException):
        pass

    def end(_change: StripeChange) -> None:
        raise Killed

    stripe_handler("invoice.paid")(end)
    told = purchase(stripe_double)
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(Killed):
            lane_process("cus_1")
        due_now()
    lane_process("cus_1")
    assert states(told) == {
        **dict.fromkeys(told, "done"),
        "invoice.created": "dead",
        "invoice.paid": "dead",
    }


def test_what_was_undone_is_not_known(stripe_double: StripeDouble) -> None:
    """dj-stripe goes on after some failures, of which a savepoint takes back what they had stored."""
    subscription(stripe_double)
    customer: Any = apps.get_model("djstripe", "Customer")
    invoice: Any = apps.get_model("djstripe", "Invoice")
    data = {"id": "in_1", "object": "invoice", "customer": "cus_1", "lines": []}
    now = stripe_double.objects["/v1/customers/cus_1"]
    with mirror.answering({}), transaction.atomic():
        with pytest.raises(ValueError, match="no"), pytest.MonkeyPatch.context() as patch:
            patch.setattr(invoice, "save", _refuse)
            with transaction.atomic():
                mirror.store(now)
                assert customer.stripe_objects.get(id="cus_1").id == "cus_1"
                invoice._create_from_stripe_object(
                    invoice.stripe_class.construct_from(data, mirror.NO_KEY), api_key=mirror.NO_KEY
                )
        with pytest.raises(customer.DoesNotExist):
            customer.stripe_objects.get(id="cus_1")


def _refuse(*_arguments: Any, **_options: Any) -> None:
    raise ValueError("no")
