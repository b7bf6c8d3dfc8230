"""Which flags are on for who asks."""

from typing import Any

import pytest

from apps.accounts.models import Person
from apps.adoption.flag_services import flag_tenant_set
from apps.common import flags
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM

pytestmark = pytest.mark.django_db
CODE = "notifications.sms_codes"


def test_those_that_are_on(api: Any, bearer: Any, acme: Tenant, bob: Person) -> None:
    for client in (api(bob), bearer(bob)):
        answer = client.get("flags/")
        assert answer.status_code == 200
        assert CODE in answer.json()["on"]
    flag_tenant_set(actor=SYSTEM, code=CODE, tenant_id=acme.id, is_on=False, reason="x")
    flags.forget()
    assert CODE not in api(bob).get("flags/").json()["on"]


def test_for_members_only(api: Any, bob: Person, globex: Tenant) -> None:
    assert api(None).get("flags/").status_code == 401
    assert api(bob, globex).get("flags/").status_code == 404
    assert api(bob, None).get("flags/").status_code == 400
