"""Debits: in which order, how much, once."""

import pytest

from apps.credits.enums import WALLET_ID
from apps.credits.errors import IdempotencyConflict, InsufficientCredits
from apps.credits.models import Account, Entry, Lot, Transaction, UsageDay
from apps.credits.services import credits_debit
from apps.credits.verifying import CHECKS, MOVED
from tests.credits.conftest import SUMMARIZE, SYSTEM, TRANSLATE, grant, later

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]


def test_a_debit_takes_from_the_wallet() -> None:
    grant(1000)
    spent = credits_debit(
        actor=SYSTEM, operation=SUMMARIZE, amount_microcredits=300, idempotency_key="a"
    )
    assert (spent.amount_microcredits, spent.balance_after_microcredits) == (300, 700)
    assert not spent.is_replay
    assert Account.objects.get(id=WALLET_ID).balance_microcredits == 700
    assert Lot.objects.get().remaining_microcredits == 700
    assert Entry.objects.filter(transaction_id=spent.transaction_id).count() == 1
    day = UsageDay.objects.get()
    assert (day.used_microcredits, day.uses, day.operation) == (300, 1, SUMMARIZE)
