"""Schemathesis against every operation: no server error, and no answer that the document does not have.

FUZZ_EXAMPLES: of each operation, with input that fits its schema and with input that does not.
"""

import os
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
import schemathesis
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.core import NOT_SET
from schemathesis.generation import GenerationMode

from apps.accounts.models import Person
from apps.common.tenancy import tenant_context
from apps.organizations.models import Member, Organization, RoleBinding
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.api.client import Api
from tests.api.schema import document

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "15"))
OPERATIONS = [one.ok() for one in schemathesis.openapi.from_dict(document()).get_all_operations()]
# Who asks and where is the test's; the rest of the headers is sent.
OURS = {"authorization", "cookie", "x-tenant", "host", "content-type", "content-length", "accept"}
QUIET = settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def known(acme: Tenant, alice: Person, bob: Person) -> dict[str, str]:
    """What there is, by the name that paths have for it."""
    with tenant_context(acme):
        bob_member = Member.objects.get(person_id=bob.id)
        return {
            "tenant_id": str(acme.id),
            "member_id": str(bob_member.id),
            "organization_id": str(Organization.objects.get(depth=1).id),
            "role_id": str(Role.objects.get(code="member").id),
            "binding_id": str(RoleBinding.objects.get(member=bob_member).id),
        }


def path_of(case: Any) -> str:
    query = urlencode(
        {name: _text(value) for name, value in (case.query or {}).items()}, doseq=True
    )
    return f"{case.formatted_path}?{query}" if query else str(case.formatted_path)


def _text(value: Any) -> Any:
    return [str(one) for one in value] if isinstance(value, list) else str(value)


def send(client: Api, case: Any) -> Any:
    """As the client does, which compares the answer with the document. What it changed is taken back."""
    headers = {
        name: str(value) for name, value in (case.headers or {}).items() if name.lower() not in OURS
    }
    body = None if case.body is NOT_SET else case.body
    extra = {"content_type": case.media_type} if isinstance(body, bytes) else {}
    if isinstance(body, str) and case.media_type == "text/csv":
        body, extra = body.encode("utf-8", "surrogatepass"), {"content_type": "text/csv"}
    block = transaction.atomic()
    # A test's own, in which what may not be in a transaction may be.
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        answer = client(case.method, path_of(case), body, headers=headers, **extra)
        transaction.set_rollback(True)
    return answer


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_every_answer_is_documented(
    operation: Any,
    mode: GenerationMode,
    api: Callable[..., Api],
    alice: Person,
    known: dict[str, str],
) -> None:
    client = api(alice)

    @QUIET
    @given(case=operation.as_strategy(generation_mode=mode), is_there=st.booleans())
    def try_it(case: Any, is_there: bool) -> None:
        if is_there:
            case.path_parameters = {
                name: known.get(name, value) for name, value in case.path_parameters.items()
            }
        answer = send(client, case)
        assert answer.status_code < 500 or answer.status_code == 503, (
            f"{case.method} {path_of(case)} {case.body!r}: {answer.content!r}"
        )

    try:
        try_it()
    except Unsatisfiable:
        # A parameter that takes any text cannot be wrong.
        assert mode is GenerationMode.NEGATIVE
