"""`python -m benchmarks.webhooks_stripe PORT`: as much of Stripe as the inbox asks, made up from the path."""

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMON = {"livemode": False, "created": 1_700_000_000, "metadata": {}}


def listed(*data: dict[str, Any]) -> dict[str, Any]:
    return {"object": "list", "data": list(data), "has_more": False, "url": "/v1/x"}


def found(kind: str, object_id: str) -> dict[str, Any]:
    number = object_id.partition("_")[2]
    one = {**COMMON, "id": object_id, "customer": f"cus_{number}"}
    match kind:
        case "customers":
            return {
                **COMMON,
                "id": object_id,
                "object": "customer",
                "name": "Bench",
                "email": "x@x.test",
            }
        case "products":
            return {
                **COMMON,
                "id": object_id,
                "object": "product",
                "name": "Team",
                "type": "service",
            }
        case "prices":
            return {
                **COMMON,
                "id": object_id,
                "object": "price",
                "active": True,
                "currency": "eur",
                "product": "prod_1",
                "type": "recurring",
                "unit_amount": 900,
            }
        case "subscriptions":
            item = {
                **COMMON,
                "id": f"si_{number}",
                "object": "subscription_item",
                "quantity": 3,
                "price": found("prices", "price_1"),
                "subscription": object_id,
            }
            return {**one, "object": "subscription", "status": "active", "items": listed(item)}
        case "invoices":
            line = {
                **COMMON,
                "id": f"il_{number}",
                "object": "line_item",
                "amount": 900,
                "currency": "eur",
                "period": {"start": 1, "end": 2},
                "discounts": [],
                "invoice": object_id,
            }
            return {
                **one,
                "object": "invoice",
                "status": "paid",
                "currency": "eur",
                "discounts": [],
                "lines": listed(line),
                "default_tax_rates": [],
            }
    return {"id": "acct_1", "object": "account", "settings": {}, "email": "", "metadata": {}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one packet: in two, the second waits 40 ms for the first one's acknowledgement.
    wbufsize = -1

    def do_GET(self) -> None:
        parts = re.match(r"/v1/(\w+)/?(\w*)", self.path)
        body = json.dumps(found(*parts.groups()) if parts else {}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Quiet."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
