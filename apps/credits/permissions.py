from django.utils.translation import gettext_lazy as _

from apps.common.access import Permission

VIEW_CREDITS = "credits.view_credits"
SPEND_CREDITS = "credits.spend_credits"
MANAGE_BUDGETS = "credits.manage_budgets"
BUY_CREDITS = "credits.buy_credits"

PERMISSIONS = [
    Permission(
        VIEW_CREDITS,
        _("View credits"),
        _("See the balance, grants, budgets and who used how much of what."),
        scoped=True,
        system_roles=("admin", "billing_admin"),
    ),
    Permission(
        SPEND_CREDITS,
        _("Spend credits"),
        _("Use what costs credits, up to what the budget and the spending cap leave."),
        scoped=True,
        system_roles=("admin", "billing_admin", "member"),
    ),
    Permission(
        MANAGE_BUDGETS,
        _("Manage budgets"),
        _("Allocate credits to organizations, take them back, and cap what members may spend."),
        scoped=True,
        system_roles=("admin", "billing_admin"),
        implies=(VIEW_CREDITS,),
    ),
    Permission(
        BUY_CREDITS,
        _("Buy credits"),
        _("Buy packs of credits, and let them be bought automatically."),
        system_roles=("billing_admin",),
        for_keys=False,
        implies=(VIEW_CREDITS,),
    ),
]
