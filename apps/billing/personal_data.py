from django.db.models import Q

from apps.billing.models import EntitlementOverride, TenantPlan
from apps.common.personal_data import PersonalRows, Subject, declare, overwrite, pseudonym


def _acted(subject: Subject) -> Q:
    return Q(actor=subject.email) if subject.email else Q(pk__in=[])


declare(
    PersonalRows(TenantPlan, _acted, ("tenant__slug", "since"), overwrite(actor=pseudonym)),
    PersonalRows(
        EntitlementOverride,
        _acted,
        ("tenant__slug", "code", "created_at"),
        overwrite(actor=pseudonym),
    ),
)
