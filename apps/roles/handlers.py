from apps.events.registry import EventContext, subscribe
from apps.roles.events import ApiKeyExpiryAnnounced
from apps.roles.tasks import send_expiry_notice


@subscribe("roles.api_key_expiry_announced", name="roles.send_expiry_notice")
def queue_expiry_notice(event: ApiKeyExpiryAnnounced, context: EventContext) -> None:
    send_expiry_notice.delay(tenant_id=str(context.tenant_id), api_key_id=str(event.api_key_id))
