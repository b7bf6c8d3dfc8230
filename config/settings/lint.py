"""For `make test`'s check that migrations are safe: the linter, and every app's SQL.

Safe: the release before can work with the new tables, and nothing locks a table for long. CONTRIBUTING.md
says how to change what is not.
"""

from config.settings.test import *
from config.settings.test import DATABASE_ROUTERS, INSTALLED_APPS, LOGGING

INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]
LOGGING["loggers"] |= {"django_migration_linter": {"level": "WARNING"}}  # type: ignore[operator]


class EveryTable:
    """Shared and tenants' tables alike: here there is no schema to choose between them."""

    def allow_migrate(self, *_args: object, **_hints: object) -> bool:
        return True


DATABASE_ROUTERS = ["config.settings.lint.EveryTable", *DATABASE_ROUTERS]

MIGRATION_LINTER_OPTIONS = {
    "sql_analyser": "postgresql",
    "no_cache": True,
    "quiet": ["ok", "ignore"],
    # What it only warns of, and what holds an existing table up as well.
    "warnings_as_errors": ["CREATE_INDEX", "CREATE_INDEX_EXCLUSIVE", "DROP_INDEX", "REINDEX"],
    # Of allauth and dj-stripe: not ours to change. Read them before the package is updated.
    "exclude_apps": ["account", "djstripe", "mfa", "socialaccount"],
    "ignore_name": [
        # Before the first release, so that no other code worked with domain.is_primary.
        "0003_life_and_fleet",
        # Before the first release, so that no other code reads what groups mapped to; of small tables.
        "0006_group_bindings",
        "0008_drop_group_roles",
        # Indexes of the tables that it makes: the linter takes a condition for a part of a name.
        "0001_ledger",
        # An index of the table that it makes: the linter reads `USING brin` as a part of another one's name.
        "0004_usage_events",
    ],
}
