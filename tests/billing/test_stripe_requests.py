"""What billing sends to Stripe has names that Stripe knows, by its library and not by the sandbox.

Every test of billing's notes the requests that it has caused (`conftest.py`); they are in the file, whose
names are looked up here.
"""

import pytest

from tests.billing import stripe_requests
from tests.billing.stripe_requests import names_of, route_of, undeclared


def test_stripe_knows_every_name() -> None:
    wrong = [undeclared(route, names) for route, names in stripe_requests.known().items()]
    assert set().union(*wrong) == set()


def test_the_file_has_what_changes_something() -> None:
    known = stripe_requests.known()
    assert {"items[].price", "proration_behavior"} <= known["POST /v1/subscriptions/{id}"]
    assert "subscription_data.metadata.tenant_id" in known["POST /v1/checkout/sessions"]


def test_a_name_that_stripe_does_not_know_is_found() -> None:
    route = "POST /v1/subscriptions/{id}"
    given = ["items[].price", "items[].prize", "metadata.any", "expand[]", "items.price", "trial"]
    assert undeclared(route, given) == {
        f"{route} {name}" for name in ("items[].prize", "items.price", "trial")
    }
    assert undeclared("POST /v1/unknown", []) == {"POST /v1/unknown"}


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/invoices/in_1", "GET /v1/invoices/{id}"),
        ("/v1/customers/search", "GET /v1/customers/search"),
        ("/v1/customers/cus_1/tax_ids/txi_1", "GET /v1/customers/{id}/tax_ids/{id}"),
    ],
)
def test_a_path_is_of_a_route(path: str, route: str) -> None:
    assert route_of("GET", path) == route


def test_names_of_what_is_encoded() -> None:
    encoded = "items[0][price]=x&expand[]=a.b&metadata[k]=v&limit=1"
    assert names_of(encoded) == {"items[].price", "expand[]", "metadata.k", "limit"}
