"""The settings of the check of migrations, with the release that FLEET_RELEASE names."""

import os

from config.settings.lint import *  # noqa: F403
from tests.fleet_migrations import modules

MIGRATION_MODULES = modules(os.environ["FLEET_RELEASE"])
