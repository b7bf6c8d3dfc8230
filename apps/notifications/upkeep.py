"""What is old goes."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from apps.notifications.models import Notification
from apps.notifications.services import push_devices_forget_unseen

KEPT_DAYS = 180
AT_ONCE = 1000


def prune() -> int:
    """Forget the oldest AT_ONCE notifications of more than KEPT_DAYS ago, in every inbox; how many.

    And devices that were not seen for long.
    """
    push_devices_forget_unseen()
    before = timezone.now() - timedelta(days=KEPT_DAYS)
    rows = Notification.objects.filter(Q(created_at__lt=before)).order_by("id")
    ids = list(rows.values_list("id", flat=True)[:AT_ONCE])
    Notification.objects.filter(id__in=ids).delete()
    return len(ids)
