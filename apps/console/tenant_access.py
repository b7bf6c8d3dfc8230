"""Who holds which role where in a tenant, and its groups."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.utils.safestring import SafeString

from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.console import rendering as r
from apps.console.pages import Cell, Search, Section, Table
from apps.console.tenant_acts_access import DELETE_GROUP, REVOKE, act_link
from apps.organizations.enums import BindingState
from apps.organizations.models import RoleBinding
from apps.organizations.selectors import bindings_for
from apps.organizations.selectors_directory import counted_groups_for
from apps.tenants.models import Tenant

SHOWN = 200
ACTOR = Actor.system("console")
TONES = {BindingState.ACTIVE: "good", BindingState.SCHEDULED: "info", BindingState.ENDED: "quiet"}


def bindings_sections(tenant: Tenant, q: str) -> list[Section]:
    """Roles that are held, those of one holder together. One statement, in the tenant."""
    with tenant_context(tenant):
        found = bindings_for(ACTOR).order_by("member__email", "group__display_name", "id")
        if q:
            found = found.filter(
                Q(member__email__icontains=q)
                | Q(member__name__icontains=q)
                | Q(group__display_name__icontains=q)
                | Q(role__name__icontains=q)
                | Q(organization__name__icontains=q)
            )
        rows = list(found[: SHOWN + 1])
    return [
        Search("Find", "Member, group, role or organization", q),
        Table(
            _title("Roles that are held", rows),
            ("Holder", "Role", "Where", "State", "Begins", "Ends", "Given", "Act"),
            [_binding_row(tenant, one) for one in rows[:SHOWN]],
            empty="Nobody holds such a role." if q else "Nobody holds a role here.",
        ),
    ]


def groups_sections(tenant: Tenant, q: str) -> list[Section]:
    """Groups by name, with what they hold. Two statements, in the tenant."""
    with tenant_context(tenant):
        found = counted_groups_for(ACTOR).order_by("display_name", "id")
        if q:
            found = found.filter(display_name__icontains=q)
        rows = list(found[: SHOWN + 1])
    return [
        Search("Find", "Name of a group", q),
        Table(
            _title("Groups", rows),
            ("Name", "Kept by", "Members", "Holds", "Created", "Id", "Act"),
            [_group_row(tenant, one) for one in rows[:SHOWN]],
            empty="There is no such group." if q else "The tenant has no groups.",
        ),
    ]


def _title(what: str, rows: Sequence[Any]) -> str:
    return f"{what}, the first {SHOWN}" if len(rows) > SHOWN else what


def _binding_row(tenant: Tenant, one: RoleBinding) -> Sequence[Cell]:
    return (
        one.member.email if one.member else f"Group {one.group}",
        one.role.name,
        "Whole workspace" if one.organization.is_root() else one.organization.name,
        r.badge(str(one.state.label), TONES[one.state]),
        r.exact(one.starts_at) if one.starts_at else r.NONE,
        r.exact(one.ends_at) if one.ends_at else r.NONE,
        r.when(one.created_at),
        act_link(tenant, REVOKE, one.pk, "Take away"),
    )


def _group_row(tenant: Tenant, one: Any) -> Sequence[Cell]:
    held = [f"{binding.role.name} at {binding.organization.name}" for binding in one.bindings.all()]
    delete: SafeString | str = r.NONE
    if one.is_local:
        delete = act_link(tenant, DELETE_GROUP, one.pk, "Delete")
    return (
        one.display_name,
        "The workspace" if one.is_local else "Its identity provider",
        one.member_count,
        ", ".join(held) or r.NONE,
        r.when(one.created_at),
        r.code(one.pk),
        delete,
    )
