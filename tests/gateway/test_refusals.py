"""Who is refused again costs little, is counted and recorded each time, and is let in once they may."""

import time
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction

from apps.accounts.models import Person
from apps.audit import refusals
from apps.audit.models import Entry
from apps.common.actors import Actor
from apps.common.api import limits
from apps.common.tenancy import tenant_context
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.services import binding_create, binding_delete, member_join
from apps.roles.models import Role
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_suspend
from tests.accounts.support import host
from tests.gateway.conftest import MEMBERS, Answer, Process
from tests.gateway.test_callers import same

pytestmark = pytest.mark.django_db

SYSTEM = Actor.system("tests")
NOBODY = {"HTTP_AUTHORIZATION": ""}
ROLES = "/api/v1/roles/"


@pytest.fixture
def commit(django_capture_on_commit_callbacks: Any) -> Callable[[], Any]:
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def powerless(acme: Tenant, bob: Person, commit: Any) -> Person:
    with commit(), tenant_context(acme):
        for binding in RoleBinding.objects.filter(member__person_id=bob.id):
            binding_delete(actor=SYSTEM, binding_id=binding.id)
    return bob


def again(
    process: Process, tenant: Tenant, access: str, path: str = MEMBERS, **sent: str
) -> Answer:
    """The last of four answers, all the same but for what is each one's own."""
    answers = [process.get(host(tenant), access, path, **sent) for _ in range(4)]
    for answer in answers[1:]:
        same(answer, answers[0])
    assert not answers[0].by_gateway
    return answers[-1]


def test_without_a_sign_in(process: Process, acme: Tenant, token: Any, bob: Person) -> None:
    process.get(host(acme), token(bob))
    answer = again(process, acme, "", **NOBODY)
    assert (answer.status, answer.by_gateway) == (401, True)
    assert answer.data["request_id"] == answer.headers["X-Request-ID"]
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    same(answer, process.without_gateway(host(acme), "", MEMBERS, **NOBODY))
    assert process.get(host(acme), token(bob)).status == 200


def test_nobodys_requests_are_counted_by_address(
    process: Process, acme: Tenant, token: Any, bob: Person, settings: Any
) -> None:
    settings.API_REQUESTS_PER_15_MINUTES_BY_ADDRESS = 6
    process.get(host(acme), token(bob))
    sent = {**NOBODY, "REMOTE_ADDR": "203.0.113.9"}
    answers = [process.get(host(acme), "", **sent) for _ in range(8)]
    assert [one.status for one in answers] == [401] * 6 + [429] * 2
    assert [one.headers["RateLimit-Remaining"] for one in answers] == list("54321000")
    assert answers[-1].by_gateway
    assert answers[-1].data["code"] == "rate_limited"
    assert "WWW-Authenticate" not in answers[-1].headers
    assert int(answers[-1].headers["Retry-After"]) > 0
    elsewhere = process.get(host(acme), "", **NOBODY, REMOTE_ADDR="203.0.113.10")
    assert elsewhere.status == 401


def test_without_the_right(
    process: Process, acme: Tenant, token: Any, powerless: Person, commit: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(refusals, "time", SimpleNamespace(time=lambda: 1_800_000_000.0))
    access = token(powerless)
    answer = again(process, acme, access)
    assert (answer.status, answer.by_gateway) == (403, True)
    for _ in range(7):
        answer = process.get(host(acme), access)
    with tenant_context(acme):
        first, tenth = Entry.objects.filter(action="audit.access_denied").order_by("seq")
    for entry, times in ((first, 1), (tenth, 10)):
        assert entry.actor_id == powerless.id
        assert entry.address == "127.0.0.1"
        assert entry.what["data"]["path"] == MEMBERS
        assert entry.what["data"]["times"] == times
    assert first.request_id != tenth.request_id
    with commit(), tenant_context(acme):
        binding_create(
            actor=SYSTEM,
            member_id=Member.objects.get(person_id=powerless.id).id,
            role_id=Role.objects.get(code="member").id,
            organization_id=Organization.objects.get(depth=1).id,
        )
    assert process.get(host(acme), access).status == 200


def test_somebody_of_elsewhere(
    process: Process, globex: Tenant, token: Any, bob: Person, commit: Any
) -> None:
    access = token(bob)
    answer = again(process, globex, access)
    assert (answer.status, answer.by_gateway) == (404, True)
    with commit(), tenant_context(globex):
        root = Organization.objects.get(depth=1)
        member_join(
            actor=SYSTEM, person=bob, organization=root, roles=[Role.objects.get(code="member")]
        )
    assert process.get(host(globex), access).status == 200


def test_a_forged_token(process: Process, acme: Tenant, token: Any, bob: Person) -> None:
    access = token(bob)
    forged = access[:-8] + "AAAAAAAA"
    answer = again(process, acme, forged)
    assert (answer.status, answer.by_gateway) == (401, True)
    assert process.get(host(acme), access).status == 200
    with tenant_context(acme):
        assert Entry.objects.filter(action="audit.credential_refused").count() == 1


def test_a_key_that_nobody_knows_yet_is_looked_for_each_time(
    process: Process, acme: Tenant, token: Any, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = token(bob)
    with monkeypatch.context() as patched:
        patched.setattr("apps.accounts.keys.public_key", lambda _kid: None)
        answer = again(process, acme, access)
    assert (answer.status, answer.by_gateway) == (401, False)
    assert process.get(host(acme), access).status == 200


@pytest.mark.parametrize("is_known", [False, True])
def test_no_such_route(
    process: Process, acme: Tenant, token: Any, bob: Person, is_known: bool
) -> None:
    access = token(bob)
    if is_known:
        again(process, acme, access)
    answer = again(process, acme, access, "/api/v1/nothing/")
    assert (answer.status, answer.by_gateway) == (404, True)
    assert "RateLimit" not in answer.headers


def test_an_object_that_is_not_there_is_looked_for_each_time(
    process: Process, acme: Tenant, token: Any, alice: Person
) -> None:
    answer = again(process, acme, token(alice), f"{MEMBERS}{uuid.uuid4()}/")
    assert (answer.status, answer.by_gateway) == (404, False)


def test_what_becomes_of_the_workspace_is_said_at_once(
    process: Process, acme: Tenant, token: Any, powerless: Person, commit: Any
) -> None:
    access = token(powerless)
    answers = [again(process, acme, access, ROLES), again(process, acme, "", ROLES, **NOBODY)]
    assert [one.status for one in answers] == [403, 401]
    assert [one.by_gateway for one in answers] == [True, True]
    with commit(), tenant_context(None), transaction.atomic():
        tenant_suspend(actor=SYSTEM, tenant_id=acme.id, reason="Unpaid.")
    for text, sent in ((access, {}), ("", NOBODY)):
        answer = process.get(host(acme), text, ROLES, **sent)
        same(answer, process.without_gateway(host(acme), text, ROLES, **sent))


def test_it_is_good_for_a_minute(
    process: Process, acme: Tenant, token: Any, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    process.get(host(acme), token(bob))
    again(process, acme, "", **NOBODY)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 61)
    assert not process.get(host(acme), "", **NOBODY).by_gateway


def test_refusals_push_nobody_out(
    process: Process, acme: Tenant, token: Any, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits.forget_all()
    access = token(bob)
    for _ in range(4):
        answer = process.get(host(acme), access)
    monkeypatch.setattr(process.gateway.refusals, "_at_most", 3)
    monkeypatch.setattr(process.gateway.refused, "_at_most", 3)
    for number in range(6):
        for _ in range(3):
            process.get(host(acme), access, f"/api/v1/nothing-{number}/")
    assert answer.by_gateway
    assert process.get(host(acme), access).by_gateway
    assert len(process.gateway.refusals._found) <= 3
