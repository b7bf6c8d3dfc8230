"""Several browsers, and several workspaces, at once: one asks."""

import threading

import pytest
from django.db import connection

from apps.accounts.models import Person
from apps.adoption.asking import ask_claim
from apps.common.tenancy import tenant_context
from apps.feedback.models import Prompt
from apps.feedback.services import survey_show
from apps.organizations.actors import actor_for
from apps.tenants.models import Tenant
from tests.feedback.conftest import Ask

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_of_many_asks(ask: Ask, acme: Tenant, alice: Person) -> None:
    ask("tests.a")
    ask("tests.b")
    with tenant_context(acme):
        actor = actor_for(alice)
    barrier, found = threading.Barrier(5), []

    def run() -> None:
        with tenant_context(acme):
            barrier.wait(10)
            found.append(survey_show(actor=actor))
        connection.close()

    threads = [threading.Thread(target=run) for _number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {one.code for one in found if one} == {"tests.a"}
    with tenant_context(acme):
        assert Prompt.objects.count() == 1
    assert ask_claim(alice.id, "tests.b") is False
