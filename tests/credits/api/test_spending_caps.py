"""Spending caps by the API."""

from typing import Any

import pytest

from apps.accounts.models import Person
from apps.credits.models import SpendingCap
from apps.organizations.models import Member
from apps.tenants.models import Tenant
from tests.api.client import MISSING, same_problem, statements
from tests.credits.support import debit, grant, later

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]


def test_a_cap_is_set_and_removed(api: Any, alice: Person, bob_member: Member) -> None:
    grant(1000)
    debit(30, member_id=bob_member.id)
    client = api(alice)
    path = f"credits/spending-caps/{bob_member.id}/"
    assert client.get(path).status_code == 404
    made = client.put(path, {"amount_microcredits": 100})
    assert made.status_code == 200
    assert made.json() == {
        "member": {"id": str(bob_member.id), "name": "Bob Baker", "email": "bob@acme.test"},
        "amount_microcredits": 100,
        "period": "month",
        "period_start": str(later().date().replace(day=1)),
        "spent_microcredits": 30,
        "left_microcredits": 70,
    }
    assert client.get("credits/spending-caps/").json()["results"] == [made.json()]
    assert client.put(path, {"amount_microcredits": 20}).json()["left_microcredits"] == 0
    changed = client.put(path, {"amount_microcredits": 20, "period": "day"}).json()
    assert changed["period_start"] == str(later().date())
    for body in ({}, {"amount_microcredits": -1}, {"amount_microcredits": 1, "period": "none"}):
        assert client.put(path, body).status_code == 400
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 404
    assert client.get("credits/spending-caps/").json()["results"] == []


def test_who_may_do_what(
    api: Any, bob: Person, charlie: Person, bob_member: Member, globex: Tenant
) -> None:
    path, body = f"credits/spending-caps/{bob_member.id}/", {"amount_microcredits": 5}
    for person, status in ((bob, 403), (charlie, 404), (None, 401)):
        client = api(person)
        for answer in (
            client.get("credits/spending-caps/"),
            client.get(path),
            client.put(path, body),
            client.delete(path),
        ):
            assert answer.status_code == status
    theirs = api(charlie, globex)
    same_problem(theirs.put(path, body), theirs.put(f"credits/spending-caps/{MISSING}/", body))
    assert not SpendingCap.objects.exists()


def test_a_list_takes_five_statements(bearer: Any, alice: Person, bob_member: Member) -> None:
    for number in range(20):
        member = Member.objects.create(
            person_id=f"01890000-0000-7000-8000-0000000000{number:02}",
            email=f"p{number}@acme.test",
            organization=bob_member.organization,
        )
        SpendingCap.objects.create(
            member_id=member.id, amount_microcredits=5, period_start=later().date()
        )
    client = bearer(alice)
    with statements(5):
        assert len(client.get("credits/spending-caps/").json()["results"]) == 20
