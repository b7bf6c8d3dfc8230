"""Django's own `migrate`, for the shared tables.

django-tenants replaces it by a command that walks every tenant one after another; here that is the job
of `migrate_tenants`.
"""

from django.core.management.commands import migrate


class Command(migrate.Command):
    """Unchanged."""
