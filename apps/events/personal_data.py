from typing import Any

from django.db.models import Q, QuerySet

from apps.common.personal_data import PersonalRows, Subject, declare, replaced
from apps.events.models import DeadTask, Handling, OutboxEvent


def _events(subject: Subject) -> Q:
    found = Q(actor_person_id=subject.person_id)
    if subject.email:
        found |= Q(actor_label=subject.email) | Q(payload__icontains=subject.email)
    return found | Q(impersonator_id=subject.person_id)


def _erase_events(rows: QuerySet[OutboxEvent], subject: Subject) -> None:
    for event in rows.iterator(chunk_size=500):
        is_theirs = event.actor_person_id == subject.person_id or event.actor_label == subject.email
        OutboxEvent.objects.filter(id=event.id).update(
            actor_label=subject.pseudonym if is_theirs else event.actor_label,
            impersonator_label=replaced(event.impersonator_label, subject),
            address="" if is_theirs else event.address,
            agent="" if is_theirs else event.agent,
            aggregate_id=replaced(event.aggregate_id, subject),
            payload=replaced(event.payload, subject),
        )
        if event.aggregate_id == subject.email:
            key = f"{event.tenant_id or ''}/{subject.pseudonym}"
            Handling.objects.filter(event_id=event.id).update(ordering_key=key)


def _tasks(subject: Subject) -> Q:
    if not subject.email:
        return Q(pk__in=[])
    return Q(args__icontains=subject.email) | Q(kwargs__icontains=subject.email)


def _erase_tasks(rows: QuerySet[DeadTask], subject: Subject) -> None:
    for task in rows.iterator(chunk_size=500):
        values: dict[str, Any] = {
            "args": replaced(task.args, subject),
            "kwargs": replaced(task.kwargs, subject),
        }
        DeadTask.objects.filter(id=task.id).update(**values)


declare(
    PersonalRows(OutboxEvent, _events, ("name", "tenant_id", "created_at"), _erase_events),
    PersonalRows(DeadTask, _tasks, ("task", "created_at"), _erase_tasks),
)
