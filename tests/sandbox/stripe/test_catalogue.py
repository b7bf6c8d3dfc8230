"""Products, prices, coupons, promotion codes, tax ids, meters."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe.conftest import BEGIN, Sandbox

MONTHLY: Any = {"interval": "month"}


@pytest.fixture
def product(client: stripe.StripeClient) -> stripe.Product:
    return client.v1.products.create({"name": "Starter", "metadata": {"plan": "starter"}})


def types(client: stripe.StripeClient) -> list[str]:
    return [event.type for event in client.v1.events.list({"limit": 100}).data][::-1]


def test_products(client: stripe.StripeClient, product: stripe.Product) -> None:
    assert (product.active, product.type, product.images) == (True, "service", [])
    named = client.v1.products.create(
        {"id": "pro", "name": "Pro", "default_price_data": {"currency": "eur", "unit_amount": 900}}
    )
    assert named.id == "pro"
    expanded = client.v1.products.retrieve("pro", {"expand": ["default_price"]}).to_dict()
    assert expanded["default_price"]["unit_amount"] == 900
    with pytest.raises(stripe.InvalidRequestError, match="already exists") as refused:
        client.v1.products.create({"id": "pro", "name": "Pro"})
    assert refused.value.code == "resource_already_exists"
    with pytest.raises(stripe.InvalidRequestError, match="user-created prices"):
        client.v1.products.delete("pro")
    with pytest.raises(stripe.InvalidRequestError, match="default price of its product"):
        client.v1.prices.update(expanded["default_price"]["id"], {"active": False})
    client.v1.products.update(product.id, {"active": False})
    assert [one.id for one in client.v1.products.list({"active": True}).data] == ["pro"]
    assert [one.id for one in client.v1.products.list({"ids": [product.id]}).data] == [product.id]
    client.v1.products.delete(product.id)
    with pytest.raises(stripe.InvalidRequestError, match="No such product"):
        client.v1.products.retrieve(product.id)
    assert types(client) == [
        "product.created",
        "product.created",
        "price.created",
        "product.updated",
        "product.deleted",
    ]


def test_a_price_a_seat(client: stripe.StripeClient, product: stripe.Product) -> None:
    made = client.v1.prices.create(
        {
            "product": product.id,
            "currency": "EUR",
            "unit_amount": 1200,
            "recurring": {"interval": "month", "usage_type": "licensed"},
            "currency_options": {"usd": {"unit_amount_decimal": "1300.5"}},  # type: ignore[typeddict-item]
            "lookup_key": "starter-monthly",
        }
    ).to_dict()
    assert (made["currency"], made["type"], made["billing_scheme"]) == (
        "eur",
        "recurring",
        "per_unit",
    )
    assert (made["unit_amount"], str(made["unit_amount_decimal"])) == (1200, "1200")
    assert made["recurring"] == {
        "interval": "month",
        "interval_count": 1,
        "meter": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }
    assert not {"tiers", "currency_options"} & made.keys()
    options = client.v1.prices.retrieve(made["id"], {"expand": ["currency_options"]}).to_dict()
    usd = options["currency_options"]["usd"]
    assert (usd["unit_amount"], str(usd["unit_amount_decimal"])) == (None, "1300.5")
    old = client.v1.prices.retrieve(made["id"], options={"stripe_version": "2024-06-20"}).to_dict()
    assert old["recurring"]["aggregate_usage"] is None


def test_lookup_keys_move(client: stripe.StripeClient, product: stripe.Product) -> None:
    wanted: Any = {"product": product.id, "currency": "eur", "unit_amount": 1, "lookup_key": "k"}
    first = client.v1.prices.create(wanted)
    with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key"):
        client.v1.prices.create(wanted)
    second = client.v1.prices.create(wanted | {"transfer_lookup_key": True})
    assert [one.id for one in client.v1.prices.list({"lookup_keys": ["k"]}).data] == [second.id]
    assert client.v1.prices.retrieve(first.id).lookup_key is None


def test_tiers(client: stripe.StripeClient, product: stripe.Product) -> None:
    made = client.v1.prices.create(
        {
            "product": product.id,
            "currency": "eur",
            "billing_scheme": "tiered",
            "tiers_mode": "graduated",
            "recurring": MONTHLY,
            "tiers": [
                {"up_to": 10, "flat_amount": 500},
                {"up_to": "inf", "unit_amount_decimal": "0.25"},  # type: ignore[typeddict-item]
            ],
        }
    )
    assert made.unit_amount is None
    shown = client.v1.prices.retrieve(made.id, {"expand": ["tiers"]}).to_dict()
    assert [(tier["up_to"], tier["flat_amount"]) for tier in shown["tiers"]] == [
        (10, 500),
        (None, None),
    ]
    listed = client.v1.prices.list({"expand": ["data.tiers", "data.product"]}).data[0].to_dict()
    assert (len(listed["tiers"]), listed["product"]["name"]) == (2, "Starter")


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"unit_amount": 1, "currency": "euro"}, "currency"),
        ({"unit_amount": -1}, "unit_amount"),
        ({}, "unit_amount"),
        ({"unit_amount": 1, "unit_amount_decimal": "1"}, "unit_amount"),
        ({"unit_amount_decimal": "NaN"}, "unit_amount_decimal"),
        (
            {"unit_amount": 1, "recurring": {"interval": "year", "interval_count": 4}},
            "recurring[interval_count]",
        ),
        (
            {"unit_amount": 1, "recurring": {"interval": "month", "usage_type": "metered"}},
            "recurring[meter]",
        ),
        (
            {
                "billing_scheme": "tiered",
                "recurring": MONTHLY,
                "tiers": [{"up_to": 1, "unit_amount": 1}],
                "tiers_mode": "volume",
            },
            "tiers[0][up_to]",
        ),
        (
            {
                "billing_scheme": "tiered",
                "recurring": MONTHLY,
                "tiers": [{"up_to": "inf", "unit_amount": 1}],
            },
            "tiers_mode",
        ),
        ({"unit_amount": 1, "product": "prod_none"}, "product"),
    ],
)
def test_wrong_prices(
    client: stripe.StripeClient, product: stripe.Product, wrong: Any, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.prices.create({"product": product.id, "currency": "eur"} | wrong)
    assert (refused.value.param, refused.value.http_status) == (param, 400)
    assert client.v1.prices.list().data == []


def test_coupons_and_codes(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    coupon = client.v1.coupons.create(
        {
            "id": "HALF",
            "percent_off": 50,
            "duration": "repeating",
            "duration_in_months": 3,
            "redeem_by": BEGIN + 100,
        }
    )
    assert (coupon.percent_off, coupon.valid, coupon.times_redeemed) == (50.0, True, 0)
    code = client.v1.promotion_codes.create(
        {
            "promotion": {"type": "coupon", "coupon": "HALF"},
            "code": "SPRING",
            "expires_at": BEGIN + 50,
        }
    )
    assert code.to_dict()["promotion"] == {"coupon": "HALF", "type": "coupon"}
    old = client.v1.promotion_codes.retrieve(code.id, options={"stripe_version": "2024-06-20"})
    assert old.to_dict()["coupon"]["id"] == "HALF"
    expanded = client.v1.promotion_codes.retrieve(code.id, {"expand": ["promotion.coupon"]})
    assert expanded.to_dict()["promotion"]["coupon"]["percent_off"] == 50.0
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        client.v1.promotion_codes.create(
            {"promotion": {"type": "coupon", "coupon": "HALF"}, "code": "SPRING"}
        )
    assert [one.id for one in client.v1.promotion_codes.list({"coupon": "HALF"}).data] == [code.id]
    assert sandbox.control("advance", seconds=200)["done"] == 2
    assert not client.v1.coupons.retrieve("HALF").valid
    assert not client.v1.promotion_codes.retrieve(code.id).active
    assert client.v1.coupons.delete("HALF").deleted
    for wrong in ({}, {"percent_off": 0}, {"amount_off": 5}, {"percent_off": 5, "amount_off": 5}):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.coupons.create(wrong)  # type: ignore[arg-type]


def test_an_old_client_makes_a_code(sandbox: Sandbox) -> None:
    sandbox.client().v1.coupons.create({"id": "TEN", "amount_off": 1000, "currency": "eur"})
    made = sandbox.get(
        "/v1/promotion_codes",
        "POST",
        data={"coupon": "TEN"},
        headers={"Stripe-Version": "2024-06-20"},
    ).json()
    assert (made["coupon"]["amount_off"], "promotion" in made) == (1000, False)
    refused = sandbox.get("/v1/promotion_codes", "POST", data={"coupon": "TEN"}).json()
    assert refused["error"]["code"] == "parameter_unknown"


def test_tax_rates(client: stripe.StripeClient) -> None:
    rate = client.v1.tax_rates.create(
        {"display_name": "MwSt.", "inclusive": False, "percentage": 19}
    )
    assert client.v1.tax_rates.update(rate.id, {"active": False}).active is False
    assert client.v1.tax_rates.list({"active": True}).data == []


def test_tax_ids(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(
        {"tax_id_data": [{"type": "eu_vat", "value": "DE123456789"}]}
    )
    [first] = client.v1.customers.tax_ids.list(customer.id).data
    assert (first.country, first.to_dict()["verification"]["status"]) == ("DE", "verified")
    bad = client.v1.customers.tax_ids.create(
        customer.id, {"type": "eu_vat", "value": "DE111111111"}
    )
    assert bad.to_dict()["verification"]["status"] == "unverified"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.tax_ids.create(customer.id, {"type": "eu_vat", "value": "nonsense"})
    assert refused.value.code == "tax_id_invalid"
    other = client.v1.customers.create({})
    with pytest.raises(stripe.InvalidRequestError, match="No such tax_id"):
        client.v1.customers.tax_ids.delete(other.id, bad.id)
    client.v1.customers.tax_ids.delete(customer.id, bad.id)
    shown = client.v1.customers.retrieve(customer.id, {"expand": ["tax_ids"]}).to_dict()
    assert [one["id"] for one in shown["tax_ids"]["data"]] == [first.id]


def meter(client: stripe.StripeClient, formula: str = "sum") -> stripe.billing.Meter:
    return client.v1.billing.meters.create(
        {
            "display_name": "Calls",
            "event_name": "calls",
            "default_aggregation": {"formula": formula},  # type: ignore[typeddict-item]
        }
    )


def test_meter_events_count_once(client: stripe.StripeClient, product: stripe.Product) -> None:
    made, customer = meter(client), client.v1.customers.create({})

    def send(value: str, identifier: str, at: int = BEGIN) -> None:
        payload = {"stripe_customer_id": customer.id, "value": value}
        client.v1.billing.meter_events.create(
            {"event_name": "calls", "payload": payload, "identifier": identifier, "timestamp": at}
        )

    send("2.5", "a")
    send("4", "b", BEGIN - 3600)
    with pytest.raises(stripe.InvalidRequestError, match="already exists with identifier a"):
        send("2.5", "a")
    for at in (BEGIN - 36 * 86400, BEGIN + 301):
        with pytest.raises(stripe.InvalidRequestError, match="within the past 35"):
            send("1", "c", at)
    with pytest.raises(stripe.InvalidRequestError, match="no number"):
        send("many", "d")
    window: Any = {"customer": customer.id, "start_time": BEGIN - 7200, "end_time": BEGIN + 3600}
    [whole] = client.v1.billing.meters.event_summaries.list(made.id, window).data
    assert whole.aggregated_value == 6.5
    hours = client.v1.billing.meters.event_summaries.list(
        made.id, window | {"value_grouping_window": "hour"}
    )
    assert [one.aggregated_value for one in hours.data] == [2.5, 4.0, 0.0]
    client.v1.billing.meter_event_adjustments.create(
        {"event_name": "calls", "type": "cancel", "cancel": {"identifier": "a"}}
    )
    [whole] = client.v1.billing.meters.event_summaries.list(made.id, window).data
    assert whole.aggregated_value == 4.0
    client.v1.billing.meters.deactivate(made.id)
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        send("1", "e")
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        client.v1.prices.create(
            {
                "product": product.id,
                "currency": "eur",
                "unit_amount": 1,
                "recurring": {"interval": "month", "usage_type": "metered", "meter": made.id},
            }
        )


def test_a_metered_price(client: stripe.StripeClient, product: stripe.Product) -> None:
    made = client.v1.prices.create(
        {
            "product": product.id,
            "currency": "eur",
            "unit_amount": 1,
            "recurring": {"interval": "month", "usage_type": "metered", "meter": meter(client).id},
        }
    )
    assert made.to_dict()["recurring"]["usage_type"] == "metered"
    with pytest.raises(stripe.InvalidRequestError, match="exists already"):
        meter(client, "count")
