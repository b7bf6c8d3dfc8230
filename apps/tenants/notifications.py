from django.utils.translation import gettext_lazy as _

from apps.common.notifying import Channel, NotificationType, Permitted, register_notifications
from apps.tenants.permissions import EXPORT_DATA

register_notifications(
    NotificationType(
        code="tenants.export_ready",
        label=_("An export is ready"),
        category="workspace",
        event="tenants.export_finished",
        audience=Permitted(EXPORT_DATA),
        when=lambda params, _actor: params["status"] == "ready",
        title=_("The export of {{ tenant }} is ready"),
        body=_("It can be downloaded for some days."),
        action=_("Download it"),
        url="/settings/export/",
        offered=(Channel.PUSH, Channel.WEBHOOK),
        tells_actor=True,
    ),
    NotificationType(
        code="tenants.export_failed",
        label=_("An export failed"),
        category="workspace",
        event="tenants.export_finished",
        audience=Permitted(EXPORT_DATA),
        when=lambda params, _actor: params["status"] == "failed",
        title=_("The export of {{ tenant }} failed"),
        action=_("Try again"),
        url="/settings/export/",
        offered=(Channel.PUSH, Channel.WEBHOOK),
        tells_actor=True,
    ),
)
