"""The page about usage: what it sums, how it is narrowed, and the file of it."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.credits.models import UsageDay
from apps.organizations.models import Member
from apps.tenants.models import Tenant
from tests.api.client import MISSING
from tests.credits.conftest import _operations  # noqa: F401 - what there is to spend on
from tests.credits.support import TRANSLATE
from tests.portal.conftest import SignIn
from tests.portal.credits import CREDIT, table, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    return sign_in(alice, acme)


def test_usage_by_what_one_likes_to_know(client: Client, filled: SimpleNamespace) -> None:
    page = text(client, "/credits/usage/")
    assert "63.5 credits" in page
    assert page.count('class="chart-a"') >= 2
    page = text(client, "/credits/usage/?by=operation")
    assert page.index("Summarize</a>") < page.index("Translate</a>")
    assert '<td class="num font-medium">35</td>' in page
    page = text(client, "/credits/usage/?by=member")
    assert "bob@acme.test" in page
    assert "Programs and the platform" in page
    page = text(client, "/credits/usage/?by=organization&sort=uses")
    assert page.count('class="cover') == 3


def test_usage_can_be_narrowed(client: Client, filled: SimpleNamespace, bob_member: Member) -> None:
    for query, used in (
        ("operation=tests.translate", "28.5"),
        (f"organization={filled.sales.id}", "30"),
        (f"organization={filled.west.id}", "20"),
        ("organization=none", "33.5"),
        ("member=BOB@acme.test", "28.5"),
        (f"member={bob_member.id}", "28.5"),
        ("member=none&operation=tests.summarize", "35"),
    ):
        page = text(client, f"/credits/usage/?{query}")
        assert f'class="tabular">{used} credits</h2>' in page, query
    assert 'value="bob@acme.test"' in text(client, f"/credits/usage/?member={bob_member.id}")
    narrowed = text(client, "/credits/usage/?by=operation&range=90")
    assert 'href="?range=90&amp;operation=tests.translate"' in narrowed


@pytest.mark.parametrize(
    "query",
    [
        "organization=x",
        "member=nobody@acme.test",
        "operation=no.such",
        f"organization={MISSING}",
    ],
)
def test_what_is_nowhere_matches_nothing(
    query: str, client: Client, filled: SimpleNamespace
) -> None:
    assert "Nothing matches" in text(client, f"/credits/usage/?{query}")
    assert table(client, f"?{query}") == []
    assert "Nothing matches" in text(client, f"/credits/statement/?{query}")


@pytest.mark.parametrize(
    "query",
    [
        "range=x",
        "range=-1",
        "range=2026-13",
        "range=custom&since=x&until=9999-99-99",
        "by=x&sort=x",
        "range=custom",
        "since=2026-01-01",
        "state=x&kind=x&after=x&before=y",
    ],
)
def test_what_is_no_filter_is_none(query: str, client: Client, filled: SimpleNamespace) -> None:
    assert "63.5 credits" in text(client, f"/credits/usage/?{query}")
    assert text(client, f"/credits/statement/?{query}").count('class="cover') == 8
    assert "Pack of 900" in text(client, f"/credits/grants/?{query}")


def test_periods(client: Client, filled: SimpleNamespace) -> None:
    today = datetime.now(UTC).date()
    old = today - timedelta(days=400)
    UsageDay.objects.filter(organization_id=filled.west.id).update(day=old)
    query = f"range=custom&since={old}&until={today}"
    page = text(client, f"/credits/usage/?{query}")
    assert "At most 366 days are shown" in page
    assert "43.5 credits" in page
    assert "A bar a week" in page
    assert "20 credits</h2>" in text(
        client, f"/credits/usage/?range=custom&since={old}&until={old}"
    )
    # Turned round: from the last day on which it could begin.
    assert client.get(f"/credits/usage/?range=custom&since={today}&until={old}").status_code == 200
    assert f"{today:%Y-%m}" in text(client, f"/credits/usage/?range={today:%Y-%m}")


def test_who_is_gone_is_still_counted(client: Client, filled: SimpleNamespace) -> None:
    gone = MISSING
    UsageDay.objects.filter(operation=TRANSLATE).update(member_id=gone, organization_id=gone)
    assert "Former member" in text(client, "/credits/usage/?by=member")
    assert "Deleted organization" in text(client, "/credits/usage/?by=organization")
    assert "28.5 credits" in text(client, f"/credits/usage/?organization={gone}&member={gone}")


def test_the_file_holds_all_of_it(
    client: Client, filled: SimpleNamespace, bob_member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    Member.objects.filter(id=bob_member.id).update(name="@SUM(A1)")
    rows = table(client)
    assert [(one["organization"], one["member"], one["credits"]) for one in rows] == [
        ("", "'@SUM(A1)", "28.500000"),
        ("'=West", "", "20.000000"),
        ("Sales", "", "10.000000"),
        ("", "", "5.000000"),
    ]
    assert rows[0]["member_email"] == "bob@acme.test"
    assert rows[0]["day"] == str(datetime.now(UTC).date())
    assert (rows[0]["operation"], rows[0]["uses"]) == (TRANSLATE, "1")
    monkeypatch.setattr("apps.credits.selectors_pages_usage.BATCH", 3)
    assert table(client) == rows
    assert len(table(client, "?operation=tests.summarize")) == 3
    # More given back than used on a day is a number, not a formula.
    UsageDay.objects.filter(operation=TRANSLATE).update(used_microcredits=-CREDIT)
    assert table(client)[0]["credits"] == "-1.000000"
    assert client.get("/credits/usage/").status_code == 200
