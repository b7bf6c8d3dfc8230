"""How often a person is asked anything, in whatever workspace; and counting what came of it."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from apps.adoption.enums import PromptOutcome
from apps.adoption.models import SurveyAsked
from apps.common.database import system_connection

# A person is asked one thing in this time, and the same again after that.
ANY_AFTER = timedelta(days=30)
SAME_AFTER = timedelta(days=90)
# Of any survey.
ANY = ""

CLAIM = """
INSERT INTO adoption_surveyasked AS known (person_id, survey, asked_at)
VALUES (%(person_id)s, %(survey)s, %(now)s)
ON CONFLICT (person_id, survey) DO UPDATE SET asked_at = excluded.asked_at
WHERE known.asked_at <= %(before)s
"""
COUNT = """
INSERT INTO adoption_surveycount AS known (survey, day, plan, outcome, score, count)
VALUES (%s, %s, %s, %s, %s, 1)
ON CONFLICT (survey, day, plan, outcome, score) DO UPDATE SET count = known.count + 1
"""


@system_connection()
def asked_of(person_id: uuid.UUID) -> Mapping[str, datetime]:
    """When the person was last asked, by survey; ANY: whatever. One statement."""
    rows = SurveyAsked.objects.filter(person_id=person_id)
    return dict(rows.values_list("survey", "asked_at"))


def may_ask(asked: Mapping[str, datetime], survey: str, now: datetime) -> bool:
    """Whether the caps let this survey be asked. The claim decides."""
    never = datetime.min.replace(tzinfo=UTC)
    return asked.get(ANY, never) <= now - ANY_AFTER and asked.get(survey, never) <= now - SAME_AFTER


@system_connection()
def ask_claim(person_id: uuid.UUID, survey: str) -> bool:
    """Whether the person may be asked this now; then nobody else asks them anything for ANY_AFTER.

    Of two at once, in two workspaces or browsers, one is told so. A transaction of its own.
    """
    now = timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        for name, pause in ((ANY, ANY_AFTER), (survey, SAME_AFTER)):
            cursor.execute(
                CLAIM, {"person_id": person_id, "now": now, "survey": name, "before": now - pause}
            )
            if not cursor.rowcount:
                transaction.set_rollback(True)
                return False
    return True


def outcome_count(
    *, survey: str, plan: str, outcome: PromptOutcome, at: datetime, score: int | None = None
) -> None:
    """For the system, in a handler's transaction. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [survey, at.astimezone(UTC).date(), plan, outcome, score])
