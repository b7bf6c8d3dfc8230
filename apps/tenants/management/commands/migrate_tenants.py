from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from apps.tenants.models import Tenant
from apps.tenants.roles import tenant_role_create, tenant_roles_missing
from apps.tenants.schemas import (
    schema_migrate,
    schemas_existing,
    schemas_outdated,
    template_migrate,
)


class Command(BaseCommand):
    help = (
        "Bring the template and every tenant's schema to this release's version. Tenants that are "
        "current are found by one query and skipped. Run `migrate` first, for the shared tables."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what would be migrated"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        schemas = list(Tenant.objects.order_by("created_at").values_list("schema_name", flat=True))
        existing = schemas_existing(schemas)
        outdated = schemas_outdated([name for name in schemas if name in existing])
        if options["dry_run"]:
            for name in outdated:
                self.stdout.write(name)
            self.stdout.write(f"{len(outdated)} of {len(existing)} tenants would be migrated")
            return
        ran = template_migrate()
        self.stdout.write(f"template: {ran} migrations" if ran else "template: current")
        for number, name in enumerate(outdated, 1):
            ran = schema_migrate(name)
            self.stdout.write(f"[{number}/{len(outdated)}] {name}: {ran} migrations")
        for name in tenant_roles_missing(existing):
            with transaction.atomic():
                tenant_role_create(name)
            self.stdout.write(f"{name}: role created")
        self.stdout.write(f"{len(existing) - len(outdated)} tenants were current")
