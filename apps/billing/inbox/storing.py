"""Writing what Stripe said, with dj-stripe asking for more."""

from collections.abc import Callable
from typing import TypeVar

from django.db import transaction

from apps.billing import gateway
from apps.billing.inbox import mirror

# dj-stripe wants what an object refers to, and what that does: a subscription with its prices some twenty.
MAX_WANTED = 200

_T = TypeVar("_T")


def stored(write: Callable[[], _T], answers: mirror.Answers | None = None) -> _T:
    """Run `write` in one short transaction, begun anew whenever dj-stripe wants to know more.

    answers: what is known of Stripe's already. Stripe is asked between the attempts. Not inside a
    transaction. Raises StripeRefused, StripeUnavailable.
    """
    answers = {} if answers is None else answers
    for _wanted in range(MAX_WANTED + 1):
        try:
            with mirror.answering(answers), transaction.atomic():
                return write()
        except mirror.Wanted as wanted:
            answers[wanted.path] = gateway.get(wanted.path)
    raise RuntimeError(f"dj-stripe wants more than {MAX_WANTED} objects for one")
