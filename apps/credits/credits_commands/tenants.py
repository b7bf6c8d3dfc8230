"""Which tenants a subcommand is about."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError

from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_slug, tenants_with_schema


def tenant_named(slug: str) -> Tenant:
    tenant = tenant_by_slug(slug)
    if tenant is None:
        raise CommandError(f"There is no tenant {slug}.")
    return tenant


def add_choice(parser: ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--tenant", help="one, by its slug")
    group.add_argument("--all", action="store_true", help="all tenants")


def chosen(options: dict[str, Any]) -> Iterator[Tenant]:
    if options["tenant"]:
        yield tenant_named(options["tenant"])
    else:
        yield from tenants_with_schema().order_by("slug")
