"""The chart of docs/billing.md, edge by edge: what Stripe's states and time mean for a tenant."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.billing.enums import Notice
from apps.billing.enums import Standing as G
from apps.billing.enums import SubscriptionStatus as S
from apps.billing.life import GRACE_DAYS, RESTRICTED_DAYS, Verdict, is_so, notice_of, verdict

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("status", "is_paused", "standing"),
    [
        (S.INCOMPLETE, False, G.INCOMPLETE),
        (S.INCOMPLETE_EXPIRED, False, G.ENDED),
        (S.TRIALING, False, G.TRIAL),
        (S.TRIALING, True, G.PAUSED),
        (S.ACTIVE, False, G.ACTIVE),
        (S.ACTIVE, True, G.PAUSED),
        (S.CANCELED, False, G.ENDED),
        (S.CANCELED, True, G.ENDED),
        (S.PAUSED, False, G.PAUSED),
    ],
)
def test_without_a_debt_time_changes_nothing(status: S, is_paused: bool, standing: G) -> None:
    found = verdict(status, is_paused=is_paused, unpaid_since=None, now=NOW)
    assert found == Verdict(standing, None)


@pytest.mark.parametrize("status", [S.PAST_DUE, S.UNPAID])
@pytest.mark.parametrize("is_paused", [False, True])
def test_a_debt_goes_from_grace_to_suspended(status: S, is_paused: bool) -> None:
    restricted_at = NOW + timedelta(days=GRACE_DAYS)
    suspended_at = restricted_at + timedelta(days=RESTRICTED_DAYS)
    for at, expected in (
        (NOW, Verdict(G.GRACE, restricted_at)),
        (restricted_at - SECOND, Verdict(G.GRACE, restricted_at)),
        (restricted_at, Verdict(G.RESTRICTED, suspended_at)),
        (suspended_at - SECOND, Verdict(G.RESTRICTED, suspended_at)),
        (suspended_at, Verdict(G.SUSPENDED)),
        (suspended_at + timedelta(days=1000), Verdict(G.SUSPENDED)),
    ):
        assert verdict(status, is_paused=is_paused, unpaid_since=NOW, now=at) == expected
    assert verdict(status, is_paused=is_paused, unpaid_since=None, now=NOW).standing is G.GRACE


def test_every_status_has_a_standing() -> None:
    for status in S:
        assert verdict(status, is_paused=False, unpaid_since=None, now=NOW).standing in G


@pytest.mark.parametrize(
    ("before", "now", "notice"),
    [
        ("", G.INCOMPLETE, None),
        ("", G.TRIAL, None),
        ("", G.ACTIVE, None),
        (G.TRIAL, G.ACTIVE, None),
        (G.TRIAL, G.GRACE, Notice.PAYMENT_FAILED),
        (G.ACTIVE, G.GRACE, Notice.PAYMENT_FAILED),
        (G.GRACE, G.RESTRICTED, Notice.RESTRICTED),
        (G.RESTRICTED, G.SUSPENDED, Notice.SUSPENDED),
        (G.GRACE, G.ACTIVE, Notice.RECOVERED),
        (G.RESTRICTED, G.ACTIVE, Notice.RECOVERED),
        (G.SUSPENDED, G.ACTIVE, Notice.RECOVERED),
        (G.ACTIVE, G.PAUSED, Notice.PAUSED),
        (G.PAUSED, G.ACTIVE, Notice.RESUMED),
        (G.PAUSED, G.TRIAL, None),
        (G.ACTIVE, G.ENDED, Notice.ENDED),
        (G.SUSPENDED, G.ENDED, Notice.ENDED),
        (G.INCOMPLETE, G.ENDED, None),
        ("", G.ENDED, None),
    ],
)
def test_what_is_told_of_a_change(before: str, now: G, notice: Notice | None) -> None:
    assert notice_of(before, now) == notice
    if notice is not None:
        assert is_so(notice, now)
        assert not is_so(notice, G.INCOMPLETE)
