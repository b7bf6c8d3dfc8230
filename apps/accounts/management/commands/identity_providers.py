"""`manage.py identity_providers`: what operators do about sign-in by OpenID providers."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.models import IdentityProvider
from apps.accounts.oidc.organizations import organization_map, organization_unmap
from apps.accounts.oidc.platform import platform_provider
from apps.accounts.oidc.tenant_providers import provider_turn_off
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import PlatformError
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_slug

ACTOR = Actor.system("command")


class Command(BaseCommand):
    help = "Looks after the OpenID providers that people sign in by."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        commands.add_parser("list", help="the platform's and every tenant's")
        commands.add_parser("check", help="discover the platform's now, and say what it is")
        mapped = commands.add_parser(
            "map", help="an organization of the platform's provider is a tenant"
        )
        mapped.add_argument("code", help="the organization's code there, as org_1234")
        mapped.add_argument("slug", help="the tenant's")
        unmapped = commands.add_parser("unmap", help="it is none any more")
        unmapped.add_argument("code")
        off = commands.add_parser("off", help="turn a tenant's off: nobody can, and nobody must")
        off.add_argument("slug", help="the tenant's")
        off.add_argument("--reason", required=True, help="kept in the history")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            getattr(self, f"run_{options['command']}")(options)
        except PlatformError as error:
            raise CommandError(str(error.detail)) from error

    def run_list(self, _options: dict[str, Any]) -> None:
        with system_connection():
            for row in IdentityProvider.objects.select_related("tenant").order_by("tenant__slug"):
                of = row.tenant.slug if row.tenant else "(the platform)"
                self.stdout.write(f"{of:<24}{row.state:<10}{row.name:<30}{row.issuer}")

    def run_check(self, _options: dict[str, Any]) -> None:
        found = platform_provider()
        self.stdout.write(f"{found.name}: {found.issuer}, {', '.join(found.algorithms)}")

    def run_map(self, options: dict[str, Any]) -> None:
        tenant = self._tenant(options["slug"])
        organization_map(actor=ACTOR, code=options["code"], tenant_id=tenant.id)
        self.stdout.write(f"{options['code']} is {tenant.slug}.")

    def run_unmap(self, options: dict[str, Any]) -> None:
        organization_unmap(actor=ACTOR, code=options["code"])
        self.stdout.write(f"{options['code']} is no tenant.")

    def run_off(self, options: dict[str, Any]) -> None:
        tenant = self._tenant(options["slug"])
        with system_connection():
            row = IdentityProvider.objects.filter(tenant_id=tenant.id).first()
        if row is None:
            raise CommandError(f"{tenant.slug} has no identity provider.")
        provider_turn_off(actor=ACTOR, provider_id=row.id, reason=options["reason"])
        self.stdout.write(f"{row.name} of {tenant.slug} is off.")

    def _tenant(self, slug: str) -> Tenant:
        tenant = tenant_by_slug(slug)
        if tenant is None:
            raise CommandError(f"There is no tenant {slug}.")
        return tenant
