from django.db.models import Model, Q, QuerySet

from apps.common.personal_data import PersonalRows, Subject, declare, delete
from apps.notifications.models import (
    Delivery,
    Digest,
    InboxItem,
    Notification,
    Phone,
    Preference,
    PushDevice,
    Timing,
)


def _of_member(subject: Subject) -> Q:
    return Q(member__person_id=subject.person_id)


def _forget_who(rows: QuerySet[Notification], _subject: Subject) -> None:
    rows.update(actor_label="", actor_person_id=None)


def _own(model: type[Model], *columns: str) -> PersonalRows:
    return PersonalRows(model, _of_member, columns, delete)


declare(
    PersonalRows(
        Notification,
        lambda subject: Q(actor_person_id=subject.person_id),
        ("kind", "created_at"),
        _forget_who,
    ),
    _own(InboxItem, "notification__kind", "created_at", "read_at", "archived_at"),
    _own(Digest, "channel", "state", "sent_at", "created_at"),
    _own(Delivery, "notification__kind", "channel", "state", "reason", "sent_at", "created_at"),
    _own(Preference, "subject", "channel", "is_on", "is_unsubscribed"),
    _own(Timing, "digest", "hour", "weekday", "quiet_from", "quiet_until"),
    _own(Phone, "number_end", "verified_at", "created_at"),
    _own(PushDevice, "kind", "label", "last_seen_at", "created_at"),
)
