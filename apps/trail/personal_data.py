from django.db.models import Q, QuerySet

from apps.common.personal_data import PersonalRows, Subject, declare
from apps.trail.chains import PLATFORM_CHAIN
from apps.trail.erasing import Traces, person_erase
from apps.trail.models import PlatformEntry


def _traces(subject: Subject) -> Traces:
    return Traces(subject, (str(subject.person_id),))


def _about(subject: Subject) -> Q:
    traces = _traces(subject)
    return traces.who() | traces.what()


def _erase(_rows: QuerySet[PlatformEntry], subject: Subject) -> None:
    person_erase(PLATFORM_CHAIN, _traces(subject))


declare(PersonalRows(PlatformEntry, _about, ("action", "occurred_at"), _erase))
