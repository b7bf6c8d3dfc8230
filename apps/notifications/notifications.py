"""The platform's categories; a product adds its own the same way."""

from django.utils.translation import gettext_lazy as _

from apps.common.notifying import Category, register_categories

register_categories(
    Category("people", _("People"), _("Who joins, asks to join, or leaves."), order=10),
    Category("access", _("Access"), _("Your roles, and the keys of programs."), order=20),
    Category("plan", _("Plan and payment"), _("Limits, invoices, changes of the plan."), order=30),
    Category("credits", _("Credits"), _("What runs low, or is bought by itself."), order=40),
    Category("workspace", _("Workspace"), _("Exports, addresses, maintenance."), order=60),
)
