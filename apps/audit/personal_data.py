from django.db.models import Q, QuerySet

from apps.audit.chains import chain_of
from apps.audit.models import Entry
from apps.common.personal_data import PersonalRows, Subject, declare
from apps.common.tenancy import require_tenant
from apps.organizations.models import DirectoryUser, Member
from apps.trail.erasing import Traces, person_erase


def _traces(subject: Subject) -> Traces:
    """Also by the ids of their rows here, which events name instead of the person."""
    of_person = Member.objects.filter(person_id=subject.person_id).values_list("id", flat=True)
    users = DirectoryUser.objects.filter(member__person_id=subject.person_id)
    ids = [subject.person_id, *of_person, *users.values_list("id", flat=True)]
    return Traces(subject, tuple(str(one) for one in ids))


def _about(subject: Subject) -> Q:
    traces = _traces(subject)
    return traces.who() | traces.what()


def _erase(_rows: QuerySet[Entry], subject: Subject) -> None:
    person_erase(chain_of(require_tenant()), _traces(subject))


declare(PersonalRows(Entry, _about, ("action", "occurred_at"), _erase))
