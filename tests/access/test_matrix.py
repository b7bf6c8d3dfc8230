"""Who gets what at every address: compared with a table that people review.

A new route fails here until somebody has looked at its line.
"""

import argparse
import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import SESSION_KEY
from django.core.management import get_commands, load_command_class
from django.db import transaction
from django.test import Client

from apps.accounts.email_domains import email_domain_add
from apps.accounts.models import Person
from apps.audit.chains import chain_of
from apps.common.tenancy import tenant_context
from apps.credits.enums import GrantSource
from apps.credits.models import Transaction
from apps.credits.services import grant_create
from apps.notifications.models import InboxItem, Notification
from apps.organizations.actors import actor_for
from apps.organizations.models import Group, JoinRequest, Member, Organization, RoleBinding
from apps.organizations.services import (
    invitation_create,
    member_join,
    organization_create,
    scim_token_create,
)
from apps.roles.models import Role
from apps.tenants.models import Domain, Tenant
from apps.tenants.services import export_request
from apps.trail.chains import entries_append
from tests.access.routes import Route, routes
from tests.accounts.factors import give_passkey
from tests.accounts.support import PUBLIC, force_sign_in, host
from tests.api.client import MISSING
from tests.audit.conftest import new_entry
from tests.conftest import SYSTEM, World, make_person
from tests.roles.support import make_key

pytestmark = pytest.mark.django_db
TABLES = Path(__file__).parent
REGENERATE = "REGENERATE_MATRIX=1 .venv/bin/pytest tests/access"
HEAD = """\
# What an address answers, by method and person. Made by tests/access; people review its changes:
#   {command}
{people}
# login: a redirect to sign-in. Other methods than GET are sent without input, and undone.
"""
PUBLIC_PEOPLE = """\
# owner: alice of acme. member: bob of acme. outsider: charlie, who owns globex. staff: of the platform.
# anybody: signed out."""
TENANT_PEOPLE = """\
# On acme's host, by the system role that a member holds in the whole workspace. elsewhere: an administrator
# of one organization, to which nothing belongs that is asked for. outsider: charlie, who owns globex.
# anybody: signed out."""
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
        entry = new_entry(1)
        entries_append(chain_of(world.acme), [entry])
        grant_create(
            actor=SYSTEM,
            source=GrantSource.PROMOTION,
            amount_microcredits=1,
            reference="welcome",
        )
        alice = Member.objects.get(person_id=world.alice.id)
        notification = Notification.objects.create(
            kind="organizations.member_joined",
            event_id=entry.event_id,
            params={"email": "bob@acme.test", "member_id": str(bob.id)},
        )
        item = InboxItem.objects.create(notification=notification, member=alice)
        known = {
            "item_id": item.id,
            "transaction_id": Transaction.objects.get().id,
            "entry_id": entry.event_id,
            "join_request_id": request.id,
            "export_id": export.id,
            "member_id": alice.id,
            "organization_id": root.id,
            "role_id": Role.objects.create(code="host", name="Host").id,
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
            "group_id": Group.objects.create(display_name="Staff", is_local=True).id,
            "tenant_id": world.acme.id,
            "person_id": world.bob.id,
            "factor_id": factor.pk,
            "code": "organizations.invitation_days",
            "slug": "acme",
            "account_id": 0,
            "workflow": "workspace",
            "step": "workspace.name",
            "act": "complete",
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


@dataclass(frozen=True)
class Table:
    """One file: the routes of a host that begin with `prefix`, and with none of `but`."""

    people: str
    tenant: bool = False
    prefix: str = "/"
    but: tuple[str, ...] = ()


TABLES_BY_NAME = {
    "public": Table(PUBLIC_PEOPLE, but=("/console/",)),
    "console": Table(PUBLIC_PEOPLE, prefix="/console/"),
    "tenant_api": Table(TENANT_PEOPLE, tenant=True, prefix="/api/"),
    "tenant_pages": Table(TENANT_PEOPLE, tenant=True, but=("/api/",)),
}


@pytest.fixture
def public_people(world: World) -> dict[str, Person | None]:
    return {
        "owner": world.alice,
        "member": world.bob,
        "outsider": world.charlie,
        "staff": world.staff,
        "anybody": None,
    }


@pytest.fixture
def tenant_people(world: World) -> dict[str, Person | None]:
    """Somebody for every system role; a new role is a new column."""
    found: dict[str, Person | None] = {"owner": world.alice}
    with tenant_context(world.acme):
        root = Organization.objects.get(depth=1)
        branch = organization_create(actor=actor_for(world.alice), name="Branch", parent_id=root.id)
        for role in Role.objects.filter(is_system=True).exclude(code="owner").order_by("code"):
            found[role.code] = joined(role.code, role, root)
        found["elsewhere"] = joined("elsewhere", Role.objects.get(code="admin"), branch)
    return found | {"outsider": world.charlie, "anybody": None}


def joined(name: str, role: Role, organization: Organization) -> Person:
    person = make_person(name.title(), f"{name}@acme.test")
    member_join(actor=SYSTEM, person=person, organization=organization, roles=[role])
    return person


def lines(route: Route, samples: Samples, visitors: dict[str, Visitor]) -> Iterator[str]:
    path = route.path(samples)
    for method in ("GET", *route.methods):
        found = [visitor.outcome(method, path) for visitor in visitors.values()]
        yield f"{method:<7}" + _columns(found) + route.template


@pytest.mark.parametrize("name", TABLES_BY_NAME)
def test_matrix(name: str, request: pytest.FixtureRequest, world: World, settings: Any) -> None:
    table = TABLES_BY_NAME[name]
    people = request.getfixturevalue("tenant_people" if table.tenant else "public_people")
    samples = request.getfixturevalue("samples")
    tenant = world.acme if table.tenant else None
    visitors = {who: Visitor(person, tenant) for who, person in people.items()}
    made = [
        line
        for route in routes(settings.TENANT_URLCONF if tenant else settings.PUBLIC_URLCONF)
        if route.template.startswith(table.prefix) and not route.template.startswith(table.but)
        for line in lines(route, samples, visitors)
    ]
    head = HEAD.format(command=REGENERATE, people=table.people)
    compare(name, head + "#" + " " * 6 + _columns(list(visitors)).rstrip(), made)
    broken = [line for line in made if any(word.startswith("5") for word in line.split()[1:-1])]
    assert not broken, "\n".join(broken)


def test_commands() -> None:
    """Whoever has a shell may run all of them, as the platform itself; so a new one is looked at, too."""
    head = f"# The project's commands. Made by tests/access; people review its changes:\n#   {REGENERATE}"
    made = [
        line
        for name, app in sorted(get_commands().items())
        if isinstance(app, str) and app.startswith("apps.")
        for line in _commands(name, load_command_class(app, name).create_parser("", name))
    ]
    compare("commands", head, made)


def _commands(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not below:
        yield name
    for action in below:
        for word, inner in sorted(action.choices.items()):
            yield from _commands(f"{name} {word}", inner)


def compare(name: str, head: str, made: list[str]) -> None:
    """With what people have reviewed."""
    file = TABLES / f"matrix_{name}.txt"
    if os.environ.get("REGENERATE_MATRIX"):
        file.write_text("\n".join([head, *made]) + "\n")
    reviewed = file.read_text().splitlines() if file.exists() else []
    expected = [line for line in reviewed if not line.startswith("#")]
    changes = "\n".join(
        line
        for line in difflib.unified_diff(expected, made, "reviewed", "now", lineterm="", n=0)
        if not line.startswith("@@")
    )
    assert not changes, f"\n{changes}\n\nIf this is as it should be: {REGENERATE}"


def _columns(words: list[str]) -> str:
    return "".join(f"{word:<14}" for word in words)
