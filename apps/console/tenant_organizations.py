"""The tree of a tenant's organizations: staff see it, as support is asked about it."""

from collections.abc import Sequence

from django.db.models import Count, Q
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.console import rendering as r
from apps.console.pages import Cell, Facts, Section, Table
from apps.console.tenant_acts_access import ARCHIVE, RESTORE, act_link
from apps.organizations.enums import MemberStatus
from apps.organizations.limits import tree_limits
from apps.organizations.models import Organization, OrganizationSetting
from apps.organizations.selectors import organizations_for
from apps.tenants.models import Tenant

SHOWN = 500
ACTOR = Actor.system("console")


def organizations_sections(tenant: Tenant) -> list[Section]:
    """What its tree has grown to, the tree, and the settings of their own. Four statements, in the tenant."""
    with tenant_context(tenant):
        limits = tree_limits()
        rows = list(
            organizations_for(ACTOR).annotate(
                placed=Count("placements", distinct=True),
                present=Count(
                    "members", filter=~Q(members__status=MemberStatus.REMOVED), distinct=True
                ),
            )[:SHOWN]
        )
        count = Organization.objects.count()
        deepest = Organization.objects.order_by("-depth").values_list("depth", flat=True).first()
        settings = list(
            OrganizationSetting.objects.select_related("organization").order_by(
                "organization__path", "code"
            )[:SHOWN]
        )
    return [
        Facts(
            "Size",
            [
                ("Organizations", f"{count:,} of {limits.organizations:,}"),
                ("Levels", f"{deepest or 0} of {limits.depth}"),
            ],
        ),
        Table(
            "Tree" if count <= SHOWN else f"Tree, the first {SHOWN}",
            ("Organization", "State", "Members", "Besides", "Created", "Id", "Act"),
            [_row(tenant, one) for one in rows],
            empty="The tree has no root yet.",
        ),
        Table(
            "Settings of their own",
            ("Organization", "Setting", "Value"),
            [(one.organization.name, r.code(one.code), str(one.value)) for one in settings],
            empty="The platform’s defaults hold everywhere.",
        ),
    ]


def _act(tenant: Tenant, one: Organization) -> SafeString:
    if one.is_root():
        return r.NONE
    if one.is_archived:
        return act_link(tenant, RESTORE, one.pk, "Restore")
    return act_link(tenant, ARCHIVE, one.pk, "Archive")


def _row(tenant: Tenant, one: Organization) -> Sequence[Cell]:
    counts = vars(one)
    return (
        format_html("{}{}", "\u2003" * (one.depth - 1), one.name),
        r.badge("Archived", "quiet") if one.is_archived else r.badge("In use", "good"),
        counts["present"],
        counts["placed"],
        r.when(one.created_at),
        r.code(one.pk),
        _act(tenant, one),
    )
