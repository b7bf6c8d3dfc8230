"""What a delivery says, made when it is sent: in the words and to the address of that moment."""

from apps.common.notifying import notification_type
from apps.common.tenancy import require_tenant
from apps.notifications.audiences import readers_of
from apps.notifications.channels import Message
from apps.notifications.content import content_of
from apps.notifications.models import Delivery, Notification, TemplateOverride
from apps.organizations.models import Member
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_id


def current_tenant() -> Tenant:
    """The entered one. One statement."""
    tenant = tenant_by_id(require_tenant().id)
    assert tenant is not None  # noqa: S101 - the task entered it just now
    return tenant


def message_of(delivery: Delivery, tenant: Tenant) -> Message | None:
    """None where the type is no more, or the member has left. Four statements at most."""
    notification = Notification.objects.get(id=delivery.notification_id)
    kind = notification_type(notification.kind)
    if kind is None:
        return None
    reader, language = None, "en"
    if delivery.member_id is not None:
        members = Member.objects.filter(id=delivery.member_id)
        readers = readers_of([one for one in members if one.is_active])
        if not readers:
            return None
        reader = readers[0]
        language = reader.language
    own = TemplateOverride.objects.filter(kind=kind.code, language=language).first()
    content = content_of(kind, notification, tenant, language, own)
    return Message(delivery.id, tenant, reader, kind, content, delivery.created_at)
