from django.db.models import Q

from apps.common.personal_data import PersonalRows, declare, overwrite, pseudonym
from apps.roles.models import ApiKey

declare(
    # The key works on: it is the workspace's.
    PersonalRows(
        ApiKey,
        lambda subject: Q(created_by_person_id=subject.person_id),
        ("name", "hint", "created_by", "created_at", "expires_at", "revoked_at"),
        overwrite(created_by=pseudonym),
    ),
)
