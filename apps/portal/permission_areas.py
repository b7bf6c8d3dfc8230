"""How pages about roles and keys put permissions into groups."""

from collections.abc import Iterable

from apps.common.access import Permission

# Headings; an app that is not named here shows its own label, capitalised.
AREAS = {
    "accounts": "Sign-in",
    "audit": "Audit",
    "organizations": "People and organizations",
    "roles": "Roles",
    "tenants": "Workspace",
}


def area_of(permission: Permission) -> str:
    return AREAS.get(permission.app, permission.app.replace("_", " ").capitalize())


def by_area(found: Iterable[Permission]) -> dict[str, list[Permission]]:
    """In the order that the permissions come in."""
    areas: dict[str, list[Permission]] = {}
    for permission in found:
        areas.setdefault(area_of(permission), []).append(permission)
    return areas
