"""`manage.py api_keys`, as an operator uses it on a report of a leak."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.roles.api_key_text import api_key_text_make
from apps.roles.models import ApiKey
from apps.roles.services import api_key_rotate
from apps.tenants.models import Tenant
from tests.api.client import MISSING, statements
from tests.roles.support import READ, make_key

pytestmark = pytest.mark.django_db


def run(*args: str) -> str:
    out = io.StringIO()
    with tenant_context(None):
        call_command("api_keys", *args, stdout=out)
    return out.getvalue()


def check(text: str, *args: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("check", text, "--json", *args))
    return found


def test_offline_it_says_whose_it_is(acme: Tenant) -> None:
    text = api_key_text_make(acme.id)
    with statements(0):
        assert check(text, "--offline") == {"ours": True, "tenant_id": str(acme.id)}


@pytest.mark.parametrize("text", ["", "x", "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "sk_" + "0" * 55])
def test_what_is_none_of_ours(text: str) -> None:
    for args in (["check", text], ["revoke", text, "--reason", "x"]):
        with pytest.raises(CommandError, match="no key of ours"):
            run(*args)


def test_check(owner: Actor, acme: Tenant) -> None:
    made = make_key(owner)
    found = check(made.text)
    assert found == {
        "ours": True,
        "tenant_id": str(acme.id),
        "tenant": "acme",
        "tenant_state": "ready",
        "key_id": str(made.key.id),
        "name": "Import",
        "state": "active",
        "permissions": " ".join(READ),
        "created_by": "alice@acme.test",
        "last_used_at": None,
        "last_used_ip": None,
    }
    assert ApiKey.objects.get().last_used_at is None
    printed = run("check", made.text)
    assert "tenant        acme\n" in printed
    assert made.text not in printed
    api_key_rotate(actor=owner, api_key_id=made.key.id, overlap_s=3600)
    assert check(made.text)["state"] == "active"
    ApiKey.objects.update(previous_until=timezone.now())
    assert check(made.text)["state"] == "replaced"


def test_one_that_is_gone_or_was_never_made(acme: Tenant, owner: Actor) -> None:
    found = check(api_key_text_make(acme.id))
    assert (found["tenant"], found["key_id"], found["state"]) == ("acme", None, None)
    assert check(api_key_text_make(owner.member_id or acme.id))["tenant"] is None
    Tenant.objects.filter(id=acme.id).update(schema_name="t_gone")
    assert check(api_key_text_make(acme.id))["key_id"] is None


def test_revoke_by_its_text(owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_key(owner)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{made.text}\n"))
    printed = run("revoke", "-", "--reason", "found on a forum")
    assert printed == f"Import ({made.key.hint}) of acme is revoked.\n"
    assert ApiKey.objects.get().revoked_at is not None
    event = OutboxEvent.objects.get(name="roles.api_key_revoked")
    assert (event.actor_label, event.payload["reason"]) == ("system:command", "found on a forum")
    with pytest.raises(CommandError, match="is revoked"):
        run("revoke", made.text, "--reason", "again")


def test_revoke_by_its_id(owner: Actor) -> None:
    made = make_key(owner)
    run("revoke", str(made.key.id), "--tenant", "acme", "--reason", "x")
    assert ApiKey.objects.get().revoked_at is not None


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["x", "--tenant", "acme"], "by its id"),
        ([MISSING, "--tenant", "acme"], "no such key"),
        ([MISSING, "--tenant", "no-such-tenant"], "does not exist"),
    ],
)
def test_revoke_refuses(owner: Actor, args: list[str], words: str) -> None:
    make_key(owner)
    with pytest.raises(CommandError, match=words):
        run("revoke", *args, "--reason", "x")
    assert ApiKey.objects.get().revoked_at is None


def test_revoke_one_that_was_never_made(acme: Tenant, owner: Actor) -> None:
    with pytest.raises(CommandError, match="no such key"):
        run("revoke", api_key_text_make(acme.id), "--reason", "x")
    with pytest.raises(CommandError, match="does not exist"):
        run("revoke", api_key_text_make(owner.member_id or acme.id), "--reason", "x")


def test_keys_of_suspended_tenants_can_be_revoked(owner: Actor, acme: Tenant) -> None:
    made = make_key(owner)
    Tenant.objects.filter(id=acme.id).update(status="suspended")
    run("revoke", made.text, "--reason", "x")
    assert ApiKey.objects.get().revoked_at is not None
