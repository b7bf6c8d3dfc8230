"""The list outlives the person: who does not want mail is not written to after they are forgotten.

What is left of them is a hash, which can be compared with an address, and not be read.
"""

from django.db.models import Q

from apps.common.personal_data import PersonalRows, Subject, declare, overwrite
from apps.messaging.models import Suppression
from apps.messaging.suppressions import digests_of


def _about(subject: Subject) -> Q:
    return Q(digest__in=digests_of(subject.email)) if subject.email else Q(pk__in=[])


declare(
    PersonalRows(
        Suppression,
        _about,
        ("channel", "reason", "provider", "since", "note", "lifted_at"),
        overwrite(hint="", note=""),
    )
)
