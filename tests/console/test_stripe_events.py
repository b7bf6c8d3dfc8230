from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.billing.models import BillingCustomer, StripeEvent
from apps.common.actors import Actor
from apps.tenants.models import Tenant

LIST = "/console/billing/stripeevent/"
Published = Callable[[], list[tuple[str, str]]]


def stored(number: int, **fields: Any) -> StripeEvent:
    return StripeEvent.objects.create(
        **{
            "stripe_id": f"evt_{number}",
            "type": "invoice.paid",
            "is_live": False,
            "occurred_at": timezone.now(),
            "object_type": "invoice",
            "object_id": f"in_{number}",
            "customer_id": f"cus_{number}",
            "lane": f"cus_{number}",
            "payload": '{"data": {"object": {"id": "in_1", "note": "<script>alert(1)</script>"}}}',
            **fields,
        }
    )


def text(console: Client, path: str) -> str:
    response = console.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_says_how_it_stands(console: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(1, 4):
        stored(number, state="dead", last_error="Traceback\nValueError: no\n")
    stored(9)
    with django_assert_max_num_queries(12):
        html = text(console, LIST)
    assert "ValueError: no" in html
    assert "The oldest came" in html
    assert "Replay all that failed" in html
    StripeEvent.objects.update(state="done")
    html = text(console, LIST)
    assert "Nothing waits" in html
    assert "Replay all that failed" not in html


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("?state__exact=dead", {1}),
        ("?q=cus_2", {2}),
        ("?q=in_1", {1}),
        ("?q=evt_2", {2}),
        ("?object_type=customer", set()),
    ],
)
def test_filters(console: Client, query: str, numbers: set[int]) -> None:
    stored(1, state="dead")
    stored(2)
    html = text(console, LIST + query)
    assert {number for number in (1, 2) if f">cus_{number}<" in html} == numbers


def test_whose_it_is(console: Client, acme: Tenant) -> None:
    BillingCustomer.objects.create(tenant=acme, stripe_id="cus_1")
    one = stored(1)
    link = f'href="/console/tenants/tenant/{acme.pk}/">acme</a>'
    assert link in text(console, LIST)
    assert link in text(console, f"{LIST}{one.pk}/")


def test_a_page_shows_the_payload_and_the_error(console: Client) -> None:
    one = stored(1, state="dead", last_error="ValueError: no", note="somebody: replayed")
    html = text(console, f"{LIST}{one.pk}/")
    assert "ValueError: no" in html
    assert "somebody: replayed" in html
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert(1)" not in html


def test_replay(console: Client, staff_actor: Actor, published: Published) -> None:
    one = stored(1, state="dead", attempts=10)
    html = text(console, f"{LIST}{one.pk}/replay/")
    assert "Stripe is asked what the object is now" in html
    one.refresh_from_db()
    assert one.state == "dead"
    console.post(f"{LIST}{one.pk}/replay/")
    one.refresh_from_db()
    assert (one.state, one.attempts) == ("pending", 0)
    assert one.note == f"{staff_actor.label}: replayed"
    assert published() == [("billing.stripe_event_replayed", staff_actor.label)]


def test_discard(console: Client, staff_actor: Actor, published: Published) -> None:
    one = stored(1)
    assert console.post(f"{LIST}{one.pk}/discard/", {"reason": " "}).status_code == 200
    one.refresh_from_db()
    assert one.state == "pending"
    console.post(f"{LIST}{one.pk}/discard/", {"reason": "a test of ours"})
    one.refresh_from_db()
    assert (one.state, one.note) == ("discarded", f"{staff_actor.label}: a test of ours")
    assert published() == [("billing.stripe_event_discarded", staff_actor.label)]


def test_a_selection(console: Client) -> None:
    chosen = [stored(number, state="dead") for number in (1, 2)]
    left = stored(3, state="dead")
    data = {"action": "replay", "_selected_action": [str(one.pk) for one in chosen]}
    assert console.post(LIST, data).status_code == 200
    console.post(LIST, {**data, "confirmed": "yes"})
    states = StripeEvent.objects.order_by("stripe_id").values_list("state", flat=True)
    assert list(states) == ["pending", "pending", "dead"]
    left.refresh_from_db()
    assert left.note == ""


def test_all_that_failed_and_are_shown(console: Client) -> None:
    stored(1, state="dead")
    stored(2, state="dead")
    stored(3, state="done")
    html = text(console, f"{LIST}replay-failed/?q=cus_2")
    assert "Replay all that failed: 1" in html
    assert StripeEvent.objects.filter(state="dead").count() == 2
    console.post(f"{LIST}replay-failed/?q=cus_2")
    assert StripeEvent.objects.get(state="dead").stripe_id == "evt_1"
    console.post(f"{LIST}replay-failed/")
    assert StripeEvent.objects.filter(state="dead").count() == 0
    assert StripeEvent.objects.get(state="done").stripe_id == "evt_3"
