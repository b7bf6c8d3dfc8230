"""Adding up the uses of features, by the day: for each tenant, and over all. In the bulk queue, each hour."""

from datetime import UTC, date, timedelta

from django.db import connection, transaction
from django.utils import timezone

from apps.adoption.models import FeatureUse
from apps.common.access import require_platform
from apps.common.actors import Actor

# Different tenants and people are counted over so many days.
WINDOW_DAYS = 28
# Of single people; the sums stay.
USES_KEPT_DAYS = WINDOW_DAYS + 7
DELETED_AT_ONCE = 10_000

DAYS_OF_TENANTS = """
INSERT INTO adoption_featureday (tenant_id, feature, day, people, uses)
SELECT tenant_id, feature, day, count(person_id), sum(uses + noted)
FROM adoption_featureuse WHERE day = %(day)s GROUP BY tenant_id, feature, day
ON CONFLICT (tenant_id, feature, day) DO UPDATE SET people = excluded.people, uses = excluded.uses
"""
TOTALS = """
INSERT INTO adoption_featuretotal (feature, day, tenants, people, uses, tenants_window, people_window)
SELECT feature, %(day)s, count(DISTINCT tenant_id) FILTER (WHERE day = %(day)s),
    count(DISTINCT person_id) FILTER (WHERE day = %(day)s),
    coalesce(sum(uses + noted) FILTER (WHERE day = %(day)s), 0),
    count(DISTINCT tenant_id), count(DISTINCT person_id)
FROM adoption_featureuse WHERE day > %(day)s - %(window)s AND day <= %(day)s GROUP BY feature
ON CONFLICT (feature, day) DO UPDATE SET tenants = excluded.tenants, people = excluded.people,
    uses = excluded.uses, tenants_window = excluded.tenants_window, people_window = excluded.people_window
"""


def features_roll_up(*, actor: Actor, today: date | None = None) -> None:
    """Yesterday's and today's sums anew, and forget who used what USES_KEPT_DAYS ago. For the system.

    Reads the uses of the window twice; can be repeated. today: by UTC, unless given.
    """
    require_platform(actor)
    today = today or timezone.now().astimezone(UTC).date()
    for day in (today - timedelta(days=1), today):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(DAYS_OF_TENANTS, {"day": day})
            cursor.execute(TOTALS, {"day": day, "window": WINDOW_DAYS})
    old = FeatureUse.objects.filter(day__lt=today - timedelta(days=USES_KEPT_DAYS))
    while ids := list(old.values_list("id", flat=True)[:DELETED_AT_ONCE]):
        FeatureUse.objects.filter(id__in=ids).delete()
