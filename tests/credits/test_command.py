"""`manage.py credits`."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.credits.credits_commands import verifying
from apps.credits.models import Grant, Hold
from apps.credits.verifying import found_differences
from tests.conftest import World
from tests.credits.support import assert_sound, balance, branch, budget, debit, grant, hold, later

pytestmark = pytest.mark.django_db


def run(*args: str) -> str:
    out = StringIO()
    call_command("credits", *args, stdout=out)
    return out.getvalue()


def test_grant(world: World) -> None:
    args = ("grant", "acme", "12.5", "--reason", "Sorry for the outage")
    assert run(*args, "--expires", "2999-01-31") == (
        "acme has 12.5 credits more, until 2999-01-31.\n"
    )
    with tenant_context(world.acme):
        one = Grant.objects.get()
        assert (one.source, one.description) == ("promotion", "Sorry for the outage")
        assert str(one.expires_at) == "2999-02-01 00:00:00+00:00"
        assert balance() == 12_500_000
        assert_sound()
    run(*args)
    for _ in range(2):
        run(*args, "--reference", "ticket-1")
    with tenant_context(world.acme):
        assert balance() == 37_500_000


@pytest.mark.parametrize(
    "text",
    ["0", "0.0000001", "1.0000001", "nonsense", "NaN", "Infinity", "1e99", "1,5", ""],
)
def test_what_is_no_number_of_credits_gives_nothing(world: World, text: str) -> None:
    with pytest.raises(CommandError, match="Give a number of credits"):
        run("grant", "acme", text, "--reason", "x")
    with tenant_context(world.acme):
        assert not Grant.objects.exists()


def test_nothing_is_given_to_nobody_or_until_yesterday(world: World) -> None:
    with pytest.raises(CommandError, match="There is no tenant nobody"):
        run("grant", "nobody", "1", "--reason", "x")
    for day in ("2020-01-01", "soon"):
        with pytest.raises(CommandError):
            run("grant", "acme", "1", "--reason", "x", "--expires", day)
    with tenant_context(world.acme):
        assert not Grant.objects.exists()


def test_balance(world: World) -> None:
    with tenant_context(world.acme):
        from apps.organizations.selectors import root_organization

        one = grant(1_234_500_000)
        sales = branch(root_organization(), "Sales")
        budget(sales, one, 34_500_000, is_hard=True)
        hold(200_000_000)
    out = run("balance", "acme").splitlines()
    assert [line.split() for line in out] == [
        ["wallet", "1,000"],
        [str(sales.id), "34.5"],
        ["held", "200"],
    ]
    assert json.loads(run("balance", "acme", "--json")) == {
        "accounts": [
            {"account": "wallet", "balance_microcredits": 1_000_000_000, "is_frozen": False},
            {"account": str(sales.id), "balance_microcredits": 34_500_000, "is_frozen": False},
        ],
        "held_microcredits": 200_000_000,
    }


def test_verify(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # In the test's own transaction, which has begun.
    monkeypatch.setattr(verifying, "differences", found_differences)
    with tenant_context(world.acme):
        grant(100)
        debit(10)
    assert run("verify", "--tenant", "acme") == "acme: everything adds up.\n"
    assert run("verify", "--all").count("everything adds up") == 2
    with tenant_context(world.acme):
        # What the constraints have put off until the end.
        connection.check_constraints()
        with system_connection(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(
                "UPDATE credits_account SET balance_microcredits = balance_microcredits + 1 "
                "WHERE kind = 'wallet'"
            )
    with pytest.raises(CommandError, match=r"1 differences in 1 tenants\."):
        run("verify", "--tenant", "acme")
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("credits", "verify", "--all", "--json", stdout=out)
    found = json.loads(out.getvalue())
    assert found["differences"] == 1
    assert found["tenants"]["globex"] == []
    assert found["tenants"]["acme"] == [
        {
            "what": "balance of an account",
            "id": "00000000-0000-0000-0000-000000000001",
            "kept": 91,
            "computed": 90,
        }
    ]
    for args in (("verify",), ("verify", "--all", "--tenant", "acme")):
        with pytest.raises(CommandError):
            run(*args)


def test_expire(world: World) -> None:
    with tenant_context(world.acme):
        grant(100)
        hold(10)
        Hold.objects.update(expires_at=later(seconds=-1))
    assert run("expire", "--all") == "acme: 1 holds and 0 grants are over.\n"
    assert run("expire", "--tenant", "acme") == "acme: 0 holds and 0 grants are over.\n"
    with tenant_context(world.acme):
        assert balance() == 100
