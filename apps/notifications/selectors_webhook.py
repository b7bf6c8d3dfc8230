from apps.common.access import authorize
from apps.common.actors import Actor
from apps.notifications.models import WebhookTarget
from apps.notifications.permissions import MANAGE_NOTIFICATIONS


def webhook_for(actor: Actor) -> WebhookTarget | None:
    """The workspace's, if it has one. One statement. Raises PermissionDenied."""
    authorize(actor, MANAGE_NOTIFICATIONS)
    return WebhookTarget.objects.first()


def webhook_takes(category: str) -> bool:
    """Whether notifications of a category are posted. For workers. One statement."""
    target = WebhookTarget.objects.filter(is_on=True).first()
    return target is not None and (not target.categories or category in target.categories)
