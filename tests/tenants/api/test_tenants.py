import threading
from typing import Any

import pytest
from django.db import connection

from apps.accounts.models import Person
from apps.accounts.services import membership_remove
from apps.tenants.models import Tenant
from apps.tenants.provisioning import provision
from apps.tenants.services import tenant_create
from tests.api.client import MISSING, same_problem, statements
from tests.conftest import SYSTEM

BAD_SLUGS = [
    "public",
    "pg_x",
    "pg-x",
    "api",
    "www",
    "xn--x",
    "a",
    "a" * 41,
    "a" * 64,
    "a" * 10_000,
    "-a",
    "a-",
    "a--b",
    "1a",
    "a b",
    "a.b",
    "a/b",
    'a"b',
    "a'b",
    'a";drop schema public',
    "ünder",
    "аcme",
    "a\nb",
    "",
    " ",
    None,
    7,
    True,
    [],
    {},
]


@pytest.mark.django_db
def test_create_and_watch(api: Any, bob: Person) -> None:
    client = api(bob, None)
    response = client.post("tenants/", {"name": " Initech  Ltd ", "slug": "Initech"})
    assert response.status_code == 202
    tenant = Tenant.objects.get(slug="initech")
    assert response.json() == {
        "id": str(tenant.id),
        "slug": "initech",
        "name": "Initech Ltd",
        "status": "pending",
        "url": "http://initech.localhost:8000/",
    }
    assert tenant.owner_person_id == bob.id
    assert response["Location"] == f"/api/v1/tenants/{tenant.id}/"
    watched = client("GET", response["Location"]).json()
    assert (watched["status"], watched["percent"]) == ("pending", 0)
    assert {step["state"] for step in watched["steps"]} == {"active", "waiting"}
    assert provision(tenant.id)
    watched = client("GET", response["Location"]).json()
    assert (watched["status"], watched["percent"]) == ("ready", 100)
    assert {step["state"] for step in watched["steps"]} == {"done"}
    assert api(bob, tenant).get("members/").json()["results"][0]["email"] == "bob@acme.test"


@pytest.mark.django_db
@pytest.mark.parametrize("slug", BAD_SLUGS, ids=lambda slug: repr(slug)[:20])
def test_create_refuses_a_bad_slug(api: Any, bob: Person, slug: Any) -> None:
    response = api(bob, None).post("tenants/", {"name": "Initech", "slug": slug})
    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == ["slug"]
    assert Tenant.objects.count() == 2


@pytest.mark.django_db
def test_create_says_why_a_slug_is_refused(api: Any, bob: Person) -> None:
    client = api(bob, None)
    for slug, code in (
        ("public", "slug_reserved"),
        ("sign-in", "slug_reserved"),
        ("a--b", "slug_invalid"),
        ("ACME", "slug_taken"),
    ):
        assert client.post("tenants/", {"name": "X", "slug": slug}).json()["code"] == code


@pytest.mark.django_db
@pytest.mark.parametrize("name", [None, "", " ", "x" * 101, 7, "a\u0007b", ["Initech"]])
def test_create_refuses_a_bad_name(api: Any, bob: Person, name: Any) -> None:
    response = api(bob, None).post("tenants/", {"name": name, "slug": "initech"})
    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == ["name"]
    assert Tenant.objects.count() == 2


@pytest.mark.django_db
def test_a_person_has_at_most_three_unfinished(api: Any, bob: Person) -> None:
    client = api(bob, None)
    for n in range(3):
        body = {"name": "X", "slug": f"initech{n}"}
        assert client.post("tenants/", body).status_code == 202
    response = client.post("tenants/", {"name": "X", "slug": "initech3"})
    assert (response.status_code, response.json()["code"]) == (409, "too_many_unfinished")


@pytest.mark.django_db
def test_signed_out_and_other_methods(api: Any, bob: Person) -> None:
    assert api(None, None).post("tenants/", {"name": "X", "slug": "xx"}).status_code == 401
    assert api(None, None).get(f"tenants/{MISSING}/").status_code == 401
    assert api(bob, None).get("tenants/").status_code == 405
    assert Tenant.objects.count() == 2


@pytest.mark.django_db
def test_the_creator_who_left_is_told_no_more(api: Any, alice: Person, acme: Tenant) -> None:
    path = f"tenants/{acme.id}/"
    assert api(alice, None).get(path).status_code == 200
    membership_remove(actor=SYSTEM, person_id=alice.id, tenant_id=acme.id)
    same_problem(api(alice, None).get(path), api(alice, None).get(f"tenants/{MISSING}/"))


@pytest.mark.django_db
def test_another_persons_tenant_is_like_a_missing_one(
    api: Any, bob: Person, alice: Person, acme: Tenant
) -> None:
    there = api(bob, None).get(f"tenants/{acme.id}/")
    assert there.status_code == 404
    same_problem(there, api(bob, None).get(f"tenants/{MISSING}/"))
    assert api(alice, None).get(f"tenants/{acme.id}/").json()["slug"] == "acme"


@pytest.mark.django_db
def test_progress_takes_two_statements(bearer: Any, alice: Person, acme: Tenant) -> None:
    client = bearer(alice, None)
    with statements(2):
        assert client.get(f"tenants/{acme.id}/").status_code == 200


@pytest.mark.django_db
def test_a_failed_tenant_shows_where(api: Any, bob: Person) -> None:
    tenant = tenant_create(actor=SYSTEM, name="X", slug="initech", owner_person_id=bob.id)
    Tenant.objects.filter(id=tenant.id).update(status="failed", steps_done=["schema"])
    watched = api(bob, None).get(f"tenants/{tenant.id}/").json()
    assert watched["status"] == "failed"
    assert [step["state"] for step in watched["steps"]][:3] == ["done", "failed", "waiting"]
    assert "last_error" not in watched


@pytest.mark.django_db(transaction=True)
def test_of_eight_at_once_one_gets_the_slug(bearer: Any, bob: Person, alice: Person) -> None:
    clients = [bearer(person, None) for person in (bob, alice) * 4]
    barrier, answers = threading.Barrier(8), []

    def create(client: Any) -> None:
        try:
            barrier.wait(60)
            answers.append(client.post("tenants/", {"name": "Initech", "slug": "initech"}))
        finally:
            connection.close()

    threads = [threading.Thread(target=create, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(answer.status_code for answer in answers) == [202] + [400] * 7
    assert {a.json()["code"] for a in answers if a.status_code == 400} == {"slug_taken"}
    assert Tenant.objects.filter(slug="initech").count() == 1
