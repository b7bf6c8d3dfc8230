from django.db.models import Q, QuerySet

from apps.common.personal_data import PersonalRows, Subject, declare, delete
from apps.credits.models import SpendingCap, UsageDay
from apps.organizations.models import Member


def _of_member(subject: Subject) -> Q:
    members = Member.objects.filter(person_id=subject.person_id)
    return Q(member_id__in=members.values("id"))


def _keep(_rows: QuerySet[UsageDay], _subject: Subject) -> None:
    """The id of a member whose name is erased names nobody, and the sums have to stay."""


declare(
    # The ledger has the same in more rows, by the same id.
    PersonalRows(UsageDay, _of_member, ("day", "operation", "used_microcredits", "uses"), _keep),
    PersonalRows(
        SpendingCap,
        _of_member,
        ("amount_microcredits", "period", "period_start", "spent_microcredits"),
        delete,
    ),
)
