"""The mails of a purchase that goes wrong, with what the sandbox's Stripe tells and where its links lead."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from apps.billing import tasks
from apps.billing.enums import Standing as G
from apps.events.drain import drain_once
from tests.billing.test_buying import Shop, shop

__all__ = ["shop"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_from_a_trial_to_a_payment_that_fails(
    shop: Shop, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(tasks.sync_seats, "apply_async", lambda *_arguments, **_options: None)
    shop.buy("starter", number="4000000000000341")
    drain_once()
    mailoutbox.clear()
    shop.pass_days(12)
    shop.settle()
    drain_once()
    assert [one.to for one in mailoutbox] == [["alice@acme.test"]]
    assert mailoutbox[0].subject.startswith("The trial of Acme ends on ")
    assert "€18.00 a month for 2 seats" in mailoutbox[0].body
    mailoutbox.clear()
    shop.pass_days(3)
    drain_once()
    assert shop.row.standing == G.GRACE
    # alice is who manages billing and the customer's address: one mail.
    assert [one.subject for one in mailoutbox] == ["A payment of Acme failed"]
    found = re.search(r"Pay the invoice:\n(http\S+)", mailoutbox[0].body)
    assert found is not None
    # Made by the clock, which no request tells the port of.
    page = requests.get(f"{settings.SANDBOX_URL}{urlsplit(found[1]).path}", timeout=30)
    assert page.status_code == 200
    assert "€18.00" in page.text
    assert "A payment of €18.00" in mailoutbox[0].body
