"""The platform's categories; a product adds its own the same way."""

from django.utils.translation import gettext_lazy as _

from apps.common.notifying import (
    Category,
    Channel,
    NotificationType,
    Permitted,
    register_categories,
    register_notifications,
)
from apps.notifications.permissions import MANAGE_NOTIFICATIONS

register_categories(
    Category("people", _("People"), _("Who joins, asks to join, or leaves."), order=10),
    Category("access", _("Access"), _("Your roles, and the keys of programs."), order=20),
    Category("plan", _("Plan and payment"), _("Limits, invoices, changes of the plan."), order=30),
    Category("credits", _("Credits"), _("What runs low, or is bought by itself."), order=40),
    Category("workspace", _("Workspace"), _("Exports, addresses, maintenance."), order=60),
)

register_notifications(
    NotificationType(
        code="notifications.webhook_disabled",
        label=_("The webhook was turned off"),
        category="workspace",
        event="notifications.webhook_disabled",
        audience=Permitted(MANAGE_NOTIFICATIONS),
        title=_("The webhook of {{ tenant }} was turned off"),
        body=_(
            "{{ host }} {% if days == 0 %}says that it is gone.{% else %}took nothing for {{ days }} days."
            "{% endif %} What it answered last: {{ error }}"
        ),
        action=_("Look at the webhook"),
        url="/settings/notifications/webhook/",
        offered=(Channel.PUSH,),
        example={"host": "hooks.example.com", "days": 5, "error": "It did not answer in time."},
    ),
)
