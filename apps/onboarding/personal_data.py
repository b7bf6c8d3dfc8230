from django.db.models import Q

from apps.common.personal_data import PersonalRows, declare, delete, overwrite
from apps.onboarding.models import Dismissal, StepState, WorkflowRun

declare(
    PersonalRows(
        WorkflowRun,
        lambda subject: Q(member__person_id=subject.person_id),
        ("workflow", "progressed_at", "completed_at", "created_at"),
        delete,
    ),
    PersonalRows(
        Dismissal,
        lambda subject: Q(member__person_id=subject.person_id),
        ("run__workflow", "created_at"),
        delete,
    ),
    PersonalRows(
        StepState,
        lambda subject: Q(person_id=subject.person_id),
        ("run__workflow", "step", "status", "decided_at"),
        overwrite(person_id=None),
    ),
)
