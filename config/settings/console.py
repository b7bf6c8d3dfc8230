"""Settings of django-unfold, the console's theme. Callables live in `apps.console.navigation`."""

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Wrapper console",
    "SITE_HEADER": "Wrapper",
    "SITE_SUBHEADER": "Platform console",
    "SITE_URL": "/",
    "SITE_ICON": "apps.console.navigation.icon",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "apps.console.navigation.favicon"}
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "apps.console.navigation.environment",
    "ACCOUNT": {"navigation": "apps.console.navigation.account_links"},
    "STYLES": ["apps.console.navigation.stylesheet"],
    "SCRIPTS": ["apps.console.navigation.script"],
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "show_all_applications": False,
        "navigation": "apps.console.navigation.sidebar",
    },
}
