"""What the subcommands share: the actor, the tenant by its slug, and how things are printed."""

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any, ClassVar

from django.core.management.base import CommandError, OutputWrapper

from apps.common.actors import Actor
from apps.tenants.models import Tenant
from apps.tenants.provisioning import progress
from apps.tenants.purging import purge_progress
from apps.tenants.selectors import tenant_by_id, tenant_by_slug

ACTOR = Actor.system("command")


class Subcommand:
    """`help` is one line. `arguments` declares options; --json is declared for all of them."""

    name: ClassVar[str]
    help: ClassVar[str]

    def __init__(self, stdout: OutputWrapper, stderr: OutputWrapper) -> None:
        self.stdout, self.stderr = stdout, stderr

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        """Declare nothing by default."""

    def run(self, options: dict[str, Any]) -> None:
        raise NotImplementedError(f"{self.name} does nothing")

    def tenant(self, options: dict[str, Any]) -> Tenant:
        tenant = tenant_by_slug(options["slug"])
        if tenant is None:
            raise CommandError(f"There is no tenant {options['slug']}.")
        if tenant.slug != options["slug"]:
            self.stderr.write(f"{options['slug']} is an old address of {tenant.slug}.")
        return tenant

    def print_json(self, data: object) -> None:
        self.stdout.write(json.dumps(data, indent=2))

    def print_tenant(
        self, tenant: Tenant, options: dict[str, Any], *, history: bool = False
    ) -> None:
        found = facts(tenant)
        if history:
            found |= _history(tenant)
        if options["json"]:
            self.print_json(found)
            return
        for name, value in found.items():
            if name == "history":
                self.stdout.write("history")
                for entry in value:
                    self.stdout.write("  {at}  {what}  by {by}  {reason}".format(**entry))
            elif name in ("steps", "deletion"):
                done = ", ".join(f"{label} ({state})" for label, state in value.items())
                self.stdout.write(f"{name:<18} {done}")
            else:
                self.stdout.write(f"{name:<18} {'-' if value in (None, '') else value}")


def facts(tenant: Tenant) -> dict[str, Any]:
    return {
        "id": str(tenant.id),
        "slug": tenant.slug,
        "name": tenant.name,
        "status": tenant.status,
        "reason": tenant.status_reason,
        "url": tenant.url(),
        "schema": tenant.schema_name,
        "created_at": time(tenant.created_at),
        "ready_at": time(tenant.ready_at),
        "delete_after": time(tenant.delete_after),
        "is_canary": tenant.is_canary,
        "maintenance_since": time(tenant.maintenance_since),
        "maintenance_until": time(tenant.maintenance_until),
        **copy_facts(tenant),
    }


def copy_facts(tenant: Tenant) -> dict[str, Any]:
    """What a sandbox is a copy of; nothing for others."""
    if tenant.cloned_from_id is None:
        return {}
    source = tenant_by_id(tenant.cloned_from_id)
    return {"copy_of": source.slug if source else str(tenant.cloned_from_id)}


def _history(tenant: Tenant) -> dict[str, Any]:
    return {
        "steps": dict(progress(tenant).steps),
        "attempts": tenant.attempts,
        "next_attempt_at": time(tenant.next_attempt_at),
        "last_error": tenant.last_error,
        **_deletion(tenant),
        "history": [
            {"at": e.created_at.isoformat(), "what": str(e), "by": e.actor, "reason": e.reason}
            for e in tenant.history.all()
        ],
    }


def _deletion(tenant: Tenant) -> dict[str, Any]:
    """How far a deletion is that has begun; nothing before that."""
    if tenant.purge_started_at is None:
        return {}
    return {
        "deletion_began_at": time(tenant.purge_started_at),
        "deletion": dict(purge_progress(tenant).steps),
    }


def time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
