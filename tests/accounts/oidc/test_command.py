"""`manage.py identity_providers`."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.enums import ProviderState
from apps.accounts.models import IdentityProvider, ProviderOrganization
from tests.accounts.oidc.provider import Sandbox
from tests.accounts.oidc.tenants import connect, turn, verify_domain
from tests.conftest import World

pytestmark = pytest.mark.django_db


def run(*args: str) -> str:
    out = StringIO()
    call_command("identity_providers", *args, stdout=out)
    return out.getvalue()


def test_the_platforms(kinde: Sandbox, world: World) -> None:
    assert run("check") == f"Kinde: {kinde.base}, RS256, ES256\n"
    run("map", "org_acme", "acme")
    assert ProviderOrganization.objects.get().tenant_id == world.acme.id
    with pytest.raises(CommandError, match="another tenant"):
        run("map", "org_acme", "globex")
    with pytest.raises(CommandError, match="no tenant nobody"):
        run("map", "org_x", "nobody")
    run("unmap", "org_acme")
    with pytest.raises(CommandError):
        run("unmap", "org_acme")


def test_a_tenants(sandbox: Callable[[str], Sandbox], world: World) -> None:
    with pytest.raises(CommandError, match="no identity provider"):
        run("off", "acme", "--reason", "x")
    verify_domain(world.acme, "acme.test")
    connect(world.acme, world.alice, sandbox("acme"))
    turn(world.acme, world.alice, ProviderState.ENFORCED)
    listed: Any = run("list").split()
    assert listed[:2] == ["acme", "enforced"]
    assert run("off", "acme", "--reason", "down") == "Acme ID of acme is off.\n"
    assert IdentityProvider.objects.get().state == ProviderState.TESTED
    with pytest.raises(CommandError, match="off already"):
        run("off", "acme", "--reason", "down")


def test_none_is_configured(world: World) -> None:
    with pytest.raises(CommandError):
        run("check")
