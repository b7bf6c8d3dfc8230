"""Django's own `migrate`, for the shared tables.

django-tenants replaces it by a command that walks every tenant one after another; here that is the job
of `migrate_tenants`.
"""

from typing import Any

from django.conf import settings
from django.core.management.commands import migrate

from apps.tenants.roles import APP, roles_ensure


class Command(migrate.Command):
    """Adds the app's database roles and their rights on what was migrated."""

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if not options["plan"] and not options["check_unapplied"]:
            roles_ensure(_app_password())


def _app_password() -> str | None:
    """Of the app's login, where this database has one that is ours to make."""
    login = settings.DATABASES["default"]
    return str(login["PASSWORD"]) if login["USER"] == APP else None
