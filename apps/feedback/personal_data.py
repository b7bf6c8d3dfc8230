from django.db.models import Q

from apps.common.personal_data import PersonalRows, declare, delete
from apps.feedback.models import Prompt

declare(
    PersonalRows(
        Prompt,
        lambda subject: Q(member__person_id=subject.person_id),
        ("survey", "outcome", "created_at", "closed_at"),
        delete,
    )
)
