"""A year of fifty tenants at Stripe: told in any order, five times, with losses, it comes to the same.

YEAR_TENANTS, YEAR_DAYS and YEAR_REPLAYS make it smaller or larger.
"""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.sandbox.stripe.models import StripeAccount
from tests.chaos.stripe_account import account_at, serving
from tests.chaos.year import history
from tests.chaos.year.running import year_of

TENANTS = int(os.environ.get("YEAR_TENANTS", "50"))
DAYS = int(os.environ.get("YEAR_DAYS", "360"))
REPLAYS = int(os.environ.get("YEAR_REPLAYS", "2"))


@pytest.fixture
def account(settings: Any, queued: list[str], sold: None) -> Iterator[StripeAccount]:
    with (
        history.noted(),
        serving() as url,
        account_at(url, settings, url) as made,
    ):
        yield made


@pytest.mark.django_db(transaction=True)
def test_in_disorder_it_comes_to_the_same(
    account: StripeAccount,
    monkeypatch: pytest.MonkeyPatch,
    mailoutbox: list[Any],
    tell: Callable[[str], None],
) -> None:
    began_s = time.monotonic()
    with year_of(account, TENANTS, 1, monkeypatch, mailoutbox) as year:
        year.live(DAYS)
        acts = year.lives.done
        refused = {name: count for name, count in acts.items() if ":" in name}
        tell(
            f"{TENANTS} tenants, {DAYS} days: {sum(acts.values())} acts, {sum(refused.values())} of them "
            f"refused, {history.versions():,} versions of objects; {time.monotonic() - began_s:.0f} s\n"
            f"  {dict(acts.most_common())}"
        )
        for seed in range(REPLAYS):
            began_s = time.monotonic()
            outcome = year.replay(seed)
            run = outcome.run
            tell(
                f"seed {seed}: {len(run.come) + len(run.lost):,} events, {len(run.lost)} lost, "
                f"{run.sent:,} deliveries; mended {dict(outcome.mended)}; {outcome.mails} mails the same; "
                f"{len(outcome.wrong)} differences; {time.monotonic() - began_s:.0f} s"
            )
            assert "\n".join(outcome.wrong[:50]) == ""
