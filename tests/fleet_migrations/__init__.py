"""Next releases of the organizations app: its real migrations and one or two more.

A package each, for the setting MIGRATION_MODULES; `settings` and `settings_bench` take the name from the
environment. The real migrations are found by the packages' path, not copied.
"""

import pkgutil

from apps.organizations import migrations
from config.settings.stripe import MIGRATION_MODULES

APP = "organizations"
REAL = list(migrations.__path__)
# The last of the real ones: they are numbered.
LAST = (APP, max(module.name for module in pkgutil.iter_modules(REAL)))


def modules(release: str | None) -> dict[str, str]:
    """MIGRATION_MODULES for one of these releases; None: for the present one."""
    return MIGRATION_MODULES | ({APP: f"tests.fleet_migrations.{release}"} if release else {})
