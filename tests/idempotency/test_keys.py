"""Idempotency-Key on the API: what is done once, for whom, and what is answered again."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.crypto import encrypt
from apps.common.database import in_transaction
from apps.common.tenancy import tenant_context
from apps.idempotency import services
from apps.idempotency.models import KeptAnswer
from apps.idempotency.tasks import prune_kept_answers
from apps.notifications.api.v1 import views_phone
from apps.notifications.models import Phone
from apps.organizations.api.v1 import views_groups
from apps.organizations.models import Group, Member
from apps.roles.models import ApiKey
from apps.tenants.models import Tenant
from tests.api.client import Api, statements
from tests.api.test_document import operations

pytestmark = pytest.mark.django_db
KEY = {"Idempotency-Key": "order-4711"}
NAMES = {"name": "On call"}


def groups(tenant: Tenant) -> int:
    with tenant_context(tenant):
        return Group.objects.count()


def test_a_repetition_gets_the_same_answer(api: Any, alice: Person, acme: Tenant) -> None:
    client = api(alice)
    first = client.post("groups/", NAMES, headers=KEY)
    again = client.post("groups/", NAMES, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for name in ("Location", "ETag", "Content-Type"):
        assert again[name] == first[name]
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert groups(acme) == 1
    other = client.post("groups/", {"name": "Night"}, headers={"Idempotency-Key": "another"})
    assert (other.status_code, groups(acme)) == (201, 2)


@pytest.mark.parametrize(
    ("path", "body"), [("groups/", {"name": "Night"}), ("roles/", NAMES), ("groups/?x=1", NAMES)]
)
def test_another_request_by_the_key_conflicts(
    api: Any, alice: Person, acme: Tenant, path: str, body: Any
) -> None:
    client = api(alice)
    client.post("groups/", NAMES, headers=KEY)
    refused = client.post(path, body, headers=KEY)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_conflict")
    assert groups(acme) == 1


def test_without_a_body(api: Any, alice: Person, acme: Tenant) -> None:
    client = api(alice)
    for replayed in (False, True):
        done = client.post("notifications/read-all/", b"", headers=KEY)
        assert (done.status_code, "Idempotency-Replayed" in done) == (200, replayed)


@pytest.mark.parametrize("key", ["", "x" * 201, "tab\there", "ümlaut"])
def test_what_is_no_key(api: Any, alice: Person, acme: Tenant, key: str) -> None:
    refused = api(alice).post("groups/", NAMES, headers={"Idempotency-Key": key})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["attr"] == "Idempotency-Key"
    assert (groups(acme), KeptAnswer.objects.count()) == (0, 0)


def test_what_is_refused_is_not_kept(api: Any, alice: Person, acme: Tenant) -> None:
    client = api(alice)
    assert client.post("groups/", {"name": ""}, headers=KEY).status_code == 400
    assert client.post("groups/", NAMES, headers=KEY).status_code == 201
    assert KeptAnswer.objects.count() == 1


def test_a_failure_after_the_change_takes_it_back(
    api: Any, alice: Person, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = api(alice)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the process dies here")

    with monkeypatch.context() as patch:
        patch.setattr(views_groups.GroupsView, "versioned", fail)
        assert client.post("groups/", NAMES, headers=KEY).status_code == 500
    assert (groups(acme), KeptAnswer.objects.count()) == (0, 0)
    assert client.post("groups/", NAMES, headers=KEY).status_code == 201
    with monkeypatch.context() as patch:
        patch.setattr(services, "encrypt", fail)
        other = client.post("groups/", {"name": "Night"}, headers={"Idempotency-Key": "n"})
    assert (other.status_code, groups(acme)) == (500, 1)


def test_a_key_is_the_callers_own(
    api: Any, alice: Person, bob: Person, charlie: Person, acme: Tenant, globex: Tenant
) -> None:
    """The same key of another person, in another workspace, and outside of any, is another key."""
    assert api(alice).post("groups/", NAMES, headers=KEY).status_code == 201
    assert api(bob).post("groups/", NAMES, headers=KEY).status_code == 403
    foreign = api(charlie, globex).post("groups/", NAMES, headers=KEY)
    assert (foreign.status_code, "Idempotency-Replayed" in foreign) == (201, False)
    assert (groups(acme), groups(globex)) == (1, 1)
    callers = KeptAnswer.objects.values_list("tenant_id", "caller")
    assert set(callers) == {
        (acme.id, f"person:{alice.id}"),
        (globex.id, f"person:{charlie.id}"),
    }


def test_programs_have_keys_of_their_own(api: Any, alice: Person, acme: Tenant) -> None:
    made = api(alice).post(
        "api-keys/",
        {
            "name": "Import",
            "permissions": ["organizations.view_organization", "organizations.create_organization"],
        },
    )
    program = Api("acme.localhost:8000", Authorization=f"Bearer {made.json()['key']}")
    root = program.get("organizations/").json()["results"][0]["id"]
    body = {"name": "Lisbon", "parent": root}
    answers = [program.post("organizations/", body, headers=KEY) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert api(alice).post("organizations/", body, headers=KEY).status_code == 400
    assert KeptAnswer.objects.get().caller == f"key:{made.json()['id']}"


def test_a_secret_is_answered_again_and_stands_nowhere(
    api: Any, alice: Person, acme: Tenant
) -> None:
    client = api(alice)
    body = {"name": "Import", "permissions": ["organizations.view_member"]}
    first, again = (client.post("api-keys/", body, headers=KEY) for _ in range(2))
    secret = first.json()["key"]
    assert again.json()["key"] == secret
    assert again["Cache-Control"] == "no-store"
    with tenant_context(acme):
        assert ApiKey.objects.count() == 1
    kept = KeptAnswer.objects.get()
    assert secret.encode() not in bytes(kept.body_encrypted)
    assert b"Import" not in bytes(kept.body_encrypted)


def test_outside_of_workspaces(api: Any, alice: Person) -> None:
    client = api(alice, None)
    body = {"name": "Initech", "slug": "initech"}
    first, again = (client.post("tenants/", body, headers=KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.content == first.content
    assert Tenant.objects.filter(slug="initech").count() == 1
    assert KeptAnswer.objects.get().tenant_id is None


def test_after_a_day_it_is_forgotten(api: Any, alice: Person, acme: Tenant) -> None:
    client = api(alice)
    client.post("groups/", NAMES, headers=KEY)
    old = timezone.now() - services.KEEP_FOR
    KeptAnswer.objects.update(created_at=old)
    again = client.post("groups/", {"name": "Night"}, headers=KEY)
    assert (again.status_code, "Idempotency-Replayed" in again) == (201, False)
    assert groups(acme) == 2
    client.post("groups/", {"name": "Day"}, headers={"Idempotency-Key": "day"})
    KeptAnswer.objects.filter(key="day").update(created_at=old - timedelta(seconds=1))
    prune_kept_answers()
    assert [one.key for one in KeptAnswer.objects.all()] == ["order-4711"]


def test_what_it_costs(bearer: Any, alice: Person) -> None:
    client = bearer(alice)
    client.post("groups/", {"name": "Warm"})
    with statements(9):
        client.post("groups/", {"name": "A"})
    # The lock, the look, the answer, and savepoints in place of the transaction of the service.
    with statements(15):
        client.post("groups/", {"name": "B"}, headers=KEY)
    # With the savepoint of the test in place of BEGIN.
    with statements(5):
        assert client.post("groups/", {"name": "B"}, headers=KEY)["Idempotency-Replayed"] == "true"


def test_multipart_is_refused_as_ever(api: Any, alice: Person, acme: Tenant) -> None:
    client: Client = api(alice).client
    refused = client.post("/api/v1/groups/", {"name": "x"}, headers=KEY)
    assert (refused.status_code, groups(acme)) == (415, 0)


@pytest.mark.django_db(transaction=True)
def test_two_at_once(bearer: Any, alice: Person, acme: Tenant, monkeypatch: Any) -> None:
    """The second is told to come again while the first is under way, and then is given its answer."""
    entered, leave = threading.Event(), threading.Event()
    original = views_groups.GroupsView.versioned

    def slowly(view: Any, *args: Any, **kwargs: Any) -> Any:
        answer = original(view, *args, **kwargs)
        entered.set()
        assert leave.wait(20)
        return answer

    monkeypatch.setattr(views_groups.GroupsView, "versioned", slowly)
    answers: list[Any] = []

    def first() -> None:
        try:
            answers.append(bearer(alice).post("groups/", NAMES, headers=KEY))
        finally:
            connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert entered.wait(20)
        refused = bearer(alice).post("groups/", NAMES, headers=KEY)
    finally:
        leave.set()
        thread.join()
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_in_flight")
    assert refused["Retry-After"] == "1"
    assert answers[0].status_code == 201
    again = bearer(alice).post("groups/", NAMES, headers=KEY)
    assert again["Idempotency-Replayed"] == "true"
    assert again.content == answers[0].content
    assert groups(acme) == 1


class Leased:
    """In place of a service that may not be in a transaction."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        self.error: Exception | None = None
        monkeypatch.setattr(views_phone.PhoneVerifyView, "post", self.post, raising=True)

    def post(self, request: Any) -> Any:
        from rest_framework.response import Response

        assert not in_transaction()
        self.calls += 1
        assert KeptAnswer.objects.get().status is None
        if self.error is not None:
            raise self.error
        return Response(None, status=204)


@pytest.fixture
def leased(monkeypatch: pytest.MonkeyPatch) -> Leased:
    return Leased(monkeypatch)


def verify(api: Any, person: Person) -> Any:
    """Not compared with the document, as what stands in answers something else."""
    client: Client = api(person).client
    return client.post(
        "/api/v1/phone/verify/", {"code": "1"}, content_type="application/json", headers=KEY
    )


def test_by_lease(api: Any, alice: Person, leased: Leased) -> None:
    first, again = verify(api, alice), verify(api, alice)
    assert (first.status_code, again.status_code, leased.calls) == (204, 204, 1)
    assert again["Idempotency-Replayed"] == "true"


def test_a_lease_is_in_flight_and_taken_over_when_it_is_over(
    api: Any, alice: Person, leased: Leased
) -> None:
    verify(api, alice)
    later = timezone.now() + timedelta(seconds=60)
    KeptAnswer.objects.update(status=None, lease_until=later)
    refused = verify(api, alice)
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_in_flight")
    KeptAnswer.objects.update(lease_until=timezone.now())
    assert (verify(api, alice).status_code, leased.calls) == (204, 2)
    assert KeptAnswer.objects.get().lease_until is None


def test_what_fails_gives_its_lease_back(api: Any, alice: Person, leased: Leased) -> None:
    leased.error = RuntimeError("it dies")
    assert verify(api, alice).status_code == 500
    assert KeptAnswer.objects.count() == 0
    leased.error = None
    assert (verify(api, alice).status_code, leased.calls) == (204, 2)


def test_a_wrong_code_is_counted_though_it_has_a_key(api: Any, alice: Person, acme: Tenant) -> None:
    """What is counted when it refuses is in no transaction that the refusal takes back."""
    with tenant_context(acme):
        member = Member.objects.get(person_id=alice.id)
        Phone.objects.create(
            member=member,
            number_encrypted=encrypt(b"+4915112345678"),
            number_end="1234",
            code_digest="x",
            code_expires_at=timezone.now() + timedelta(minutes=5),
        )
    assert verify(api, alice).json()["code"] == "code_wrong"
    with tenant_context(acme):
        assert Phone.objects.get().code_tries == 1
    assert KeptAnswer.objects.count() == 0


# What takes no key, as it changes nothing, or because its answer is not to be kept; and what has its own.
WITHOUT = {
    *("auth_token_create", "auth_token_refresh", "auth_token_revoke", "auth_signup"),
    *("auth_password_reset", "auth_reauthenticate", "auth_sessions_revoke_others"),
    *("auth_mfa_totp_create", "auth_mfa_totp_confirm", "auth_mfa_recovery_codes_create"),
    *("billing_subscription_preview", "credits_estimate", "notification_templates_preview"),
    *("realtime_tickets_create", "credits_usage_events_create"),
}


def test_every_post_takes_a_key_or_is_listed() -> None:
    without = set()
    for _path, method, operation in operations():
        if method != "post":
            continue
        names = {one["name"] for one in operation.get("parameters", [])}
        if "Idempotency-Key" not in names:
            without.add(operation["operationId"])
            continue
        assert {"409", "422"} <= set(operation["responses"]), operation["operationId"]
    assert without == WITHOUT
