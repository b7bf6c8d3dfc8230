"""The test settings with the release that FLEET_RELEASE names, on the database FLEET_DATABASE."""

import os

from config.settings.test import *  # noqa: F403
from config.settings.test import DATABASES
from tests.fleet_migrations import modules

DATABASES["default"]["NAME"] = os.environ["FLEET_DATABASE"]
if os.environ["FLEET_RELEASE"]:
    MIGRATION_MODULES = modules(os.environ["FLEET_RELEASE"])
