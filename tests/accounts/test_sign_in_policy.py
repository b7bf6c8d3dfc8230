"""A workspace's sign-in policy: who may change it, and how far it reaches."""

import time
from dataclasses import replace

import pytest
from django.db import connection

from apps.accounts.enums import SignInMethod
from apps.accounts.errors import MfaRequired
from apps.accounts.models import SignInPolicy
from apps.accounts.permissions import MANAGE_SIGN_IN_POLICY
from apps.accounts.sign_in_policy import (
    require_satisfied,
    sign_in_policy_for,
    sign_in_policy_of,
    sign_in_policy_update,
)
from apps.common.access import permissions
from apps.common.actors import Actor
from apps.common.database import app_connection
from apps.common.errors import Conflict, NotFound, PermissionDenied
from apps.common.proofs import Proof
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM

pytestmark = pytest.mark.django_db
WITH_TOTP = Proof(frozenset({"password", "totp"}), time.time())


def changes() -> list[dict[str, object]]:
    found = OutboxEvent.objects.filter(name="accounts.sign_in_policy_changed")
    return list(found.values_list("payload", flat=True))


def test_the_permission_is_dangerous_and_the_admins() -> None:
    permission = permissions()[MANAGE_SIGN_IN_POLICY]
    assert (permission.dangerous, permission.scoped) == (True, False)
    assert permission.system_roles == ("admin",)


def test_without_a_row_nothing_is_required(owner: Actor, acme: Tenant) -> None:
    assert sign_in_policy_for(owner).require_mfa is False
    assert sign_in_policy_of(acme.id).require_mfa is False
    assert SignInPolicy.objects.count() == 0


def test_an_owner_with_a_second_factor_requires_it_of_all(owner: Actor, acme: Tenant) -> None:
    with_totp = replace(owner, proof=WITH_TOTP)
    assert sign_in_policy_update(actor=with_totp, require_mfa=True).require_mfa is True
    assert sign_in_policy_for(owner).require_mfa is True
    assert sign_in_policy_of(acme.id).require_mfa is True
    # Again changes nothing, and says nothing.
    sign_in_policy_update(actor=with_totp, require_mfa=True)
    assert changes() == [{"tenant_id": str(acme.id), "require_mfa": True}]
    # Taking it back needs no second factor: the next request would not get here without.
    assert sign_in_policy_update(actor=owner, require_mfa=False).require_mfa is False
    assert changes()[1:] == [{"tenant_id": str(acme.id), "require_mfa": False}]


def test_nobody_locks_themselves_out(owner: Actor) -> None:
    with pytest.raises(Conflict) as caught:
        sign_in_policy_update(
            actor=replace(owner, proof=Proof(frozenset({"password"}), time.time())),
            require_mfa=True,
        )
    assert caught.value.code == "mfa_required"
    assert sign_in_policy_for(owner).require_mfa is False
    assert changes() == []


def test_a_member_may_neither_see_nor_change_it(member: Actor) -> None:
    with pytest.raises(PermissionDenied):
        sign_in_policy_for(member)
    with pytest.raises(PermissionDenied):
        sign_in_policy_update(actor=replace(member, proof=WITH_TOTP), require_mfa=True)
    assert SignInPolicy.objects.count() == 0


def test_outside_a_tenant_there_is_none() -> None:
    with pytest.raises(NotFound):
        sign_in_policy_for(SYSTEM)
    with pytest.raises(NotFound):
        sign_in_policy_update(actor=SYSTEM, require_mfa=True)


def test_a_tenant_reaches_its_own_row_only(acme: Tenant, globex: Tenant) -> None:
    for tenant in (acme, globex):
        SignInPolicy.objects.create(tenant=tenant, require_mfa=True)
    with app_connection():
        with tenant_context(acme):
            assert list(SignInPolicy.objects.values_list("tenant_id", flat=True)) == [acme.id]
            assert SignInPolicy.objects.update(require_mfa=False) == 1
        with tenant_context(None):
            assert SignInPolicy.objects.count() == 0
    assert SignInPolicy.objects.get(tenant=globex).require_mfa is True


def test_other_code_s_inserts_get_the_defaults(acme: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_signinpolicy (id, created_at, updated_at, tenant_id) "
            "VALUES (gen_random_uuid(), now(), now(), %s)",
            [acme.id],
        )
    assert SignInPolicy.objects.get().require_mfa is False


@pytest.mark.parametrize("method", [*SignInMethod.values, None])
def test_what_satisfies_a_policy(method: str | None) -> None:
    methods = {method} if method else set()
    require_satisfied(False, methods)
    if method in ("totp", "recovery_code", "webauthn", "sso"):
        require_satisfied(True, {"password", *methods})
        return
    with pytest.raises(MfaRequired) as caught:
        require_satisfied(True, methods)
    assert (caught.value.status, caught.value.code) == (403, "mfa_required")
    assert "http://localhost:8000/account/security/" in str(caught.value.detail)
