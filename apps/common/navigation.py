"""The workspace's navigation: apps declare their pages, the shell shows those the reader may open."""

from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class NavItem:
    """icon: a Lucide name. url_name: in the tenant's URL configuration, without arguments.

    permission: None for pages that every member may open. order: smaller is higher; the platform's own
    pages use 0 to 90 in tens, so that a product's pages fit between them.
    """

    label: str | Promise
    icon: str
    url_name: str
    permission: str | None = None
    order: int = 50


_items: dict[str, NavItem] = {}


def register_navigation(*items: NavItem) -> None:
    """Declare pages, from an AppConfig.ready(). A URL name has one entry."""
    for item in items:
        known = _items.get(item.url_name)
        if known is not None and known != item:
            raise ImproperlyConfigured(f"navigation for {item.url_name} is declared twice")
        _items[item.url_name] = item


def navigation() -> list[NavItem]:
    """Every declared page, in the order of the sidebar."""
    return sorted(_items.values(), key=lambda item: (item.order, str(item.label)))
