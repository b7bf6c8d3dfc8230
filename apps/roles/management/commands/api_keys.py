"""`manage.py api_keys`: what operators do when somebody reports a leaked key."""

import json
import sys
import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.common.actors import Actor
from apps.common.errors import PlatformError
from apps.common.ids import parse_uuid
from apps.common.tenancy import tenant_context
from apps.roles.api_key_text import ApiKeyText, api_key_text_read
from apps.roles.models import ApiKey
from apps.roles.selectors_api_keys import api_key_by_digest
from apps.roles.services import api_key_revoke
from apps.tenants.models import Tenant
from apps.tenants.schemas import schemas_existing
from apps.tenants.selectors import tenant_by_id, tenant_by_slug

ACTOR = Actor.system("command")


class Command(BaseCommand):
    help = "Says whose an API key is, and revokes it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        check = commands.add_parser(
            "check", help="whether a text is a key of ours, of which tenant, and whether it works"
        )
        check.add_argument("text", help="the key, or - to read it, so that no history keeps it")
        check.add_argument("--offline", action="store_true", help="ask no database")
        check.add_argument("--json", action="store_true", help="for programs")
        revoke = commands.add_parser("revoke", help="refuse a key from its next request on")
        revoke.add_argument("key", help="the key, - to read it, or with --tenant its id")
        revoke.add_argument("--tenant", metavar="SLUG", help="whose key it is, by its id")
        revoke.add_argument("--reason", required=True, help="kept with the event")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["command"] == "check":
            self._check(_read(options["text"]), offline=options["offline"], as_json=options["json"])
        else:
            self._revoke(options["key"], options["tenant"], options["reason"])

    def _check(self, text: str, *, offline: bool, as_json: bool) -> None:
        found = _ours(text)
        facts: dict[str, Any] = {"ours": True, "tenant_id": str(found.tenant_id)}
        if not offline:
            facts |= _facts(found)
        if as_json:
            self.stdout.write(json.dumps(facts, indent=2))
            return
        for name, value in facts.items():
            if name != "ours":
                self.stdout.write(f"{name:<13} {'-' if value is None else value}")

    def _revoke(self, key: str, slug: str | None, reason: str) -> None:
        if slug is None:
            found = _ours(_read(key))
            tenant, api_key_id = tenant_by_id(found.tenant_id), None
        else:
            tenant, api_key_id = tenant_by_slug(slug), parse_uuid(key)
            if api_key_id is None:
                raise CommandError("With --tenant, name the key by its id.")
        if tenant is None or not _has_schema(tenant):
            raise CommandError("Its tenant does not exist, or no longer: the key works nowhere.")
        with tenant_context(tenant):
            if api_key_id is None:
                api_key_id = _id_of(found)
            try:
                revoked = api_key_revoke(actor=ACTOR, api_key_id=api_key_id, reason=reason)
            except PlatformError as error:
                detail = "There is no such key." if error.status == 404 else error.detail
                raise CommandError(str(detail)) from error
        self.stdout.write(f"{revoked.name} ({revoked.hint}) of {tenant.slug} is revoked.")


def _read(text: str) -> str:
    return sys.stdin.readline().strip() if text == "-" else text.strip()


def _ours(text: str) -> ApiKeyText:
    found = api_key_text_read(text)
    if found is None:
        raise CommandError("This is no key of ours: its form or its checksum is wrong.")
    return found


def _facts(found: ApiKeyText) -> dict[str, Any]:
    """What the database knows of a key. Nothing is known of one that was pruned, or never made."""
    tenant = tenant_by_id(found.tenant_id)
    key = None
    if tenant is not None and _has_schema(tenant):
        with tenant_context(tenant):
            key = api_key_by_digest(found.digest)
    return {
        "tenant": tenant.slug if tenant else None,
        "tenant_state": tenant.status if tenant else None,
        "key_id": str(key.id) if key else None,
        "name": key.name if key else None,
        "state": _state(key, found) if key else None,
        "permissions": " ".join(sorted(key.held)) if key else None,
        "created_by": key.created_by if key else None,
        "last_used_at": key.last_used_at.isoformat() if key and key.last_used_at else None,
        "last_used_ip": key.last_used_ip if key else None,
    }


def _state(key: ApiKey, found: ApiKeyText) -> str:
    if key.digest != found.digest and key.revoked_at is None and not key.is_overlapping:
        return "replaced"
    return str(key.state)


def _id_of(found: ApiKeyText) -> uuid.UUID:
    key = api_key_by_digest(found.digest)
    if key is None:
        raise CommandError("Its tenant has no such key (any more).")
    return key.id


def _has_schema(tenant: Tenant) -> bool:
    return tenant.schema_name in schemas_existing([tenant.schema_name])
