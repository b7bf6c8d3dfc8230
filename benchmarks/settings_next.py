"""The local settings with the next release of the organizations app: a nullable column more."""

from config.settings.local import *  # noqa: F403
from tests.fleet_migrations import modules

MIGRATION_MODULES = modules("column")
