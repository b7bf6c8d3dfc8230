"""The platform's own pages in a workspace's sidebar; a product adds its own the same way."""

from apps.audit.permissions import VIEW_ENTRIES
from apps.billing.permissions import VIEW_BILLING
from apps.common.navigation import NavItem
from apps.credits.permissions import VIEW_CREDITS
from apps.organizations.permissions import INVITE_MEMBER, VIEW_GROUP, VIEW_MEMBER, VIEW_ORGANIZATION
from apps.roles.permissions import MANAGE_API_KEY, VIEW_ROLE
from apps.tenants.permissions import VIEW_SETTINGS

ITEMS = (
    NavItem("Dashboard", "layout-dashboard", "dashboard", order=0),
    NavItem("Members", "users", "members", VIEW_MEMBER, order=60),
    NavItem("Invitations", "mail", "invitations", INVITE_MEMBER, order=65),
    NavItem("Groups", "users", "groups", VIEW_GROUP, order=67),
    NavItem("Organizations", "network", "organizations", VIEW_ORGANIZATION, order=70),
    NavItem("Roles", "shield", "roles", VIEW_ROLE, order=75),
    NavItem("API keys", "key-round", "api_keys", MANAGE_API_KEY, order=80),
    NavItem("Plan", "gauge", "plan", VIEW_BILLING, order=83),
    NavItem("Credits", "coins", "credits", VIEW_CREDITS, order=84),
    NavItem("Audit log", "scroll-text", "audit", VIEW_ENTRIES, order=85),
    NavItem("Settings", "settings", "settings", VIEW_SETTINGS, order=90),
)
