"""The local settings without the sandbox's identity provider: it does not run in benchmarks."""

from config.settings.local import *  # noqa: F403

OIDC_DISCOVERY_URL = OIDC_API_AUDIENCE = ""
