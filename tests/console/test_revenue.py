"""What is earned, in the console. The amounts are tested in tests/billing/test_revenue.py."""

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Person
from apps.billing.enums import Standing as G
from tests.billing.test_revenue import copy, owes, pays, price

PAGE = "/console/revenue/"


def test_the_page_before_anybody_pays(console: Client) -> None:
    html = console.get(PAGE).content.decode()
    assert "Nobody pays for a plan yet." in html
    assert "Nothing is owed" in html
    assert "0 of 0 in 30 days" in html


def test_the_page(console: Client, alice: Person) -> None:
    starter = price("starter", 900)
    copy(pays(alice, starter, quantity=3), starter, start=timezone.now(), quantity=3)
    pays(alice, price("business", 1500, currency="JPY"))
    owes(pays(alice, starter, standing=G.SUSPENDED), 1234)
    html = console.get(PAGE).content.decode()
    for words in (
        "Monthly revenue, EUR",
        "€27.00",
        "€324.00 a year",
        "¥1,500",
        "€12.34 owed",
        f"{timezone.localtime():%B %Y}",
        "Changes of plan and of quantity are in neither.",
    ):
        assert words in html


@pytest.mark.parametrize(
    ("standings", "count"), [("active,grace", 2), ("grace,restricted,suspended", 1)]
)
def test_figures_lead_to_who_they_are(
    console: Client, alice: Person, standings: str, count: int
) -> None:
    starter = price("starter", 900)
    rows = [pays(alice, starter, standing=one) for one in (G.ACTIVE, G.GRACE, G.ENDED)]
    url = f"/console/billing/subscription/?standing__in={standings}"
    assert url in console.get(PAGE).content.decode()
    html = console.get(url).content.decode()
    assert len([row for row in rows if row.slug in html]) == count
