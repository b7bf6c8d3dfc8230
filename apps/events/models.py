"""The outbox, and the inbox of every handler. Tables of the public schema."""

from typing import Any

from django.db import models
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.ids import uuid7
from apps.events.enums import DeadTaskState, HandlingState, Scope


class Position(models.BigIntegerField):
    """An identity column that INSERT does not return: who publishes may not read the outbox."""

    db_returning = False

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.BigIntegerField", args, kwargs


class OutboxEvent(models.Model):
    """A domain event, committed with the change that it tells of. Written by publish() only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # An identity column (see the migration). Shows the order within an aggregate, whose writers
    # hold its lock; says nothing about the order of commits of others.
    position = Position(db_default=RawSQL("DEFAULT", ()), editable=False)
    name = models.CharField(_("name"), max_length=100)
    version = models.PositiveSmallIntegerField(_("version"))
    scope = models.CharField(_("scope"), max_length=20, choices=[(s.value, s.value) for s in Scope])
    # No foreign key: an event outlives its tenant.
    tenant_id = models.UUIDField(_("tenant"), null=True)
    aggregate_id = models.TextField(_("aggregate"))
    actor_kind = models.CharField(_("kind of actor"), max_length=20)
    actor_label = models.TextField(_("actor"))
    actor_person_id = models.UUIDField(_("person"), null=True)
    request_id = models.CharField(_("request"), max_length=128, blank=True)
    payload = models.JSONField(_("payload"))
    created_at = models.DateTimeField(_("published"), default=timezone.now)
    dispatched_at = models.DateTimeField(_("dispatched"), null=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(
                fields=["position"],
                name="outbox_undispatched",
                condition=models.Q(dispatched_at=None),
            ),
            models.Index(fields=["created_at"], name="outbox_created"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.id}"


class Handling(models.Model):
    """What one handler owes one event: the inbox row that makes the effect happen once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = models.ForeignKey(
        OutboxEvent, on_delete=models.CASCADE, related_name="handlings", verbose_name=_("event")
    )
    handler = models.CharField(_("handler"), max_length=100)
    # Copies of the event's, for the claim: tenant and aggregate, and the place in their order.
    ordering_key = models.TextField(editable=False)
    position = models.BigIntegerField(editable=False)
    state = models.CharField(
        _("state"), max_length=20, choices=HandlingState, default=HandlingState.PENDING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"))
    last_error = models.TextField(_("last error"), blank=True)
    note = models.TextField(_("note"), blank=True)
    done_at = models.DateTimeField(_("done"), null=True)

    class Meta:
        verbose_name = _("handling")
        verbose_name_plural = _("handlings")
        constraints = [
            models.UniqueConstraint(fields=["event", "handler"], name="handling_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=HandlingState.values), name="handling_state_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at", "position"],
                name="handling_due",
                condition=models.Q(state=HandlingState.PENDING),
            ),
            models.Index(
                fields=["handler", "ordering_key", "position"],
                name="handling_order",
                condition=models.Q(state=HandlingState.PENDING),
            ),
            models.Index(
                fields=["handler"],
                name="handling_dead",
                condition=models.Q(state=HandlingState.DEAD),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.handler} {self.event_id}"


class DeadTask(models.Model):
    """A Celery task that was refused: its tenant is missing, unknown, deleted or closed. It never ran."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    task = models.CharField(_("task"), max_length=200)
    args = models.JSONField(_("arguments"), default=list)
    kwargs = models.JSONField(_("named arguments"), default=dict)
    # No foreign key: the tenant may never have existed.
    tenant_id = models.UUIDField(_("tenant"), null=True)
    reason = models.TextField(_("reason"))
    request_id = models.CharField(_("request"), max_length=128, blank=True)
    created_at = models.DateTimeField(_("refused"), default=timezone.now)
    state = models.CharField(
        _("state"), max_length=20, choices=DeadTaskState, default=DeadTaskState.DEAD
    )
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("dead task")
        verbose_name_plural = _("dead tasks")
        indexes = [
            models.Index(
                fields=["created_at"],
                name="dead_task_open",
                condition=models.Q(state=DeadTaskState.DEAD),
            )
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.id}"
