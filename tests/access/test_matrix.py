"""Who gets what at every address: compared with a table that people review.

A new route fails here until somebody has looked at its line.
"""

import difflib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import SESSION_KEY
from django.db import transaction
from django.test import Client

from apps.accounts.email_domains import email_domain_add
from apps.accounts.models import Person
from apps.common.tenancy import tenant_context
from apps.organizations.models import Group, JoinRequest, Member, Organization, RoleBinding
from apps.organizations.selectors import actor_for
from apps.organizations.services import invitation_create, scim_token_create
from apps.roles.models import Role
from apps.tenants.models import Domain, Tenant
from apps.tenants.services import export_request
from tests.access.routes import Route, routes
from tests.accounts.factors import give_passkey
from tests.accounts.support import PUBLIC, force_sign_in, host
from tests.api.client import MISSING
from tests.conftest import World
from tests.roles.support import make_key

pytestmark = pytest.mark.django_db
TABLE = Path(__file__).with_name("matrix.txt")
REGENERATE = "REGENERATE_MATRIX=1 .venv/bin/pytest tests/access"
HEAD = """\
# What an address answers, by host, method and person. Made by tests/access; people review its changes:
#   {command}
# owner: alice of acme. member: bob of acme. outsider: charlie, who owns globex. anybody: signed out.
# login: a redirect to sign-in. Other methods than GET are sent without input; the owner's are left out.
"""
SIGN_IN = ("/accounts/login/", "/sign-in/")


class Samples(dict[str, str]):
    """A value for every parameter of a route; for those without one, an id that nothing has."""

    def __missing__(self, name: str) -> str:
        return MISSING


@pytest.fixture
def samples(world: World) -> Samples:
    """Something of acme's for every parameter of a route."""
    give_passkey(world.bob)
    factor = Authenticator.objects.get(user=world.bob)
    with tenant_context(world.acme):
        bob = Member.objects.get(person_id=world.bob.id)
        root = Organization.objects.get(depth=1)
        role = Role.objects.get(code="member")
        invitation = invitation_create(
            actor=actor_for(world.alice),
            email="dana@example.com",
            role_ids=[role.id],
            organization_id=root.id,
        )
        export = export_request(actor=actor_for(world.alice), tenant_id=world.acme.id)
        request = JoinRequest.objects.create(
            person_id=world.charlie.id, email=world.charlie.email, name="Charlie Chen"
        )
        known = {
            "join_request_id": request.id,
            "export_id": export.id,
            "member_id": Member.objects.get(person_id=world.alice.id).id,
            "organization_id": root.id,
            "role_id": role.id,
            "binding_id": RoleBinding.objects.get(member=bob).id,
            "invitation_id": invitation.id,
            "api_key_id": make_key(actor_for(world.alice)).key.id,
            "domain_id": Domain.objects.get(domain="acme.localhost").id,
            "email_domain_id": email_domain_add(
                actor=actor_for(world.alice), tenant_id=world.acme.id, domain="acme.test"
            ).id,
            "scim_token_id": scim_token_create(
                actor=actor_for(world.alice), label="Entra", expires_in_days=None
            )[0].id,
            "group_id": Group.objects.create(display_name="Staff").id,
            "tenant_id": world.acme.id,
            "person_id": world.bob.id,
            "factor_id": factor.pk,
            "code": "organizations.invitation_days",
            "slug": "acme",
            "account_id": 0,
        }
    return Samples({name: str(value) for name, value in known.items()})


class Visitor:
    """One person on one host, signed in again whenever a request has ended the session."""

    def __init__(self, person: Person | None, tenant: Tenant | None) -> None:
        self.person, self.tenant = person, tenant
        http_host = host(tenant) if tenant else PUBLIC
        self.client = Client(HTTP_HOST=http_host, raise_request_exception=False)

    def outcome(self, method: str, path: str) -> str:
        """The answer to one request, whose effects are undone."""
        if self.person is not None and SESSION_KEY not in self.client.session:
            force_sign_in(self.client, self.person, self.tenant)
        with transaction.atomic():
            response: Any = self.client.generic(method, path, content_type="application/json")
            transaction.set_rollback(True)
        if response.status_code in (301, 302, 303):
            return "login" if urlsplit(response["Location"]).path in SIGN_IN else "302"
        return str(response.status_code)


def lines(name: str, route: Route, samples: Samples, visitors: dict[str, Visitor]) -> Iterator[str]:
    path = route.path(samples)
    for method in ("GET", *(() if route.template.startswith("/console/") else route.methods)):
        found = [
            "-" if (who, method != "GET") == ("owner", True) else visitor.outcome(method, path)
            for who, visitor in visitors.items()
        ]
        yield f"{name:<7}{method:<7}" + "".join(f"{code:<10}" for code in found) + route.template


@pytest.mark.parametrize("name", ["public", "tenant"])
def test_matrix(
    name: str,
    world: World,
    samples: Samples,
    settings: Any,
) -> None:
    tenant = world.acme if name == "tenant" else None
    urlconf = settings.TENANT_URLCONF if tenant else settings.PUBLIC_URLCONF
    people = {
        "owner": world.alice,
        "member": world.bob,
        "outsider": world.charlie,
        "anybody": None,
    }
    visitors = {who: Visitor(person, tenant) for who, person in people.items()}
    made = [line for route in routes(urlconf) for line in lines(name, route, samples, visitors)]
    reviewed = TABLE.read_text().splitlines() if TABLE.exists() else []
    expected = [line for line in reviewed if line.startswith(f"{name} ")]
    if os.environ.get("REGENERATE_MATRIX"):
        _write(name, made, reviewed)
        expected = made
    changes = "\n".join(
        line
        for line in difflib.unified_diff(expected, made, "reviewed", "now", lineterm="", n=0)
        if not line.startswith("@@")
    )
    assert not changes, f"\n{changes}\n\nIf this is as it should be: {REGENERATE}"
    broken = [line for line in made if any(word.startswith("5") for word in line.split()[2:6])]
    assert not broken, "\n".join(broken)


def _write(name: str, made: list[str], reviewed: list[str]) -> None:
    others = [line for line in reviewed if line[:1] != "#" and not line.startswith(f"{name} ")]
    columns = "#      " + f"{'':<7}" + "".join(f"{a:<10}" for a in ("owner", "member", "outsider"))
    rows = sorted([*others, *made], key=lambda line: line.split()[0])
    text = HEAD.format(command=REGENERATE) + f"{columns}anybody\n" + "\n".join(rows) + "\n"
    TABLE.write_text(text)
