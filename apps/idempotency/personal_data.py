from django.db.models import Q

from apps.common.personal_data import PersonalRows, Subject, declare, delete
from apps.idempotency.models import KeptAnswer


def _caller(subject: Subject) -> Q:
    """Also of whoever acted for them, or for whom they acted."""
    return Q(caller__contains=str(subject.person_id))


declare(PersonalRows(KeptAnswer, _caller, ("tenant__slug", "key", "created_at"), delete))
