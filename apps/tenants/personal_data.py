from django.db.models import Q

from apps.common.personal_data import PersonalRows, Subject, declare, overwrite, pseudonym
from apps.tenants.models import Export, MigrationRun, TenantEvent


def _acted(subject: Subject) -> Q:
    return Q(actor=subject.email) if subject.email else Q(pk__in=[])


def _requested(subject: Subject) -> Q:
    return Q(requested_by=subject.email) if subject.email else Q(pk__in=[])


declare(
    PersonalRows(
        TenantEvent, _acted, ("tenant__slug", "action", "created_at"), overwrite(actor=pseudonym)
    ),
    PersonalRows(
        Export,
        _requested,
        ("tenant__slug", "status", "created_at"),
        overwrite(requested_by=pseudonym),
    ),
    PersonalRows(MigrationRun, _acted, ("status", "created_at"), overwrite(actor=pseudonym)),
)
